/** JSON as Python writes it, which is what nnU-Net's files are: four spaces, and the bare words NaN and Infinity, which JSON does not have. */

/** Keys sorted, as `json.dump(…, indent=4, sort_keys=True)`. */
export function formatPythonJson(value: unknown, indent = ''): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}    `;
  const lines = Array.isArray(value)
    ? value.map((item) => deeper + formatPythonJson(item, deeper))
    : Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${formatPythonJson(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return lines.length === 0 ? open + close : `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}
