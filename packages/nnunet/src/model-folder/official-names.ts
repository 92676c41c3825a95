/**
 * Names of weights as PyTorch has them for nnU-Net's networks. The official modules hold their parts twice: each convolution block also in a list,
 * `all_modules`, and the decoder also the whole encoder. So a state dict names most tensors several times; here every tensor has one name, the first.
 */

/** What wrappers put before names: data parallel training, torch.compile. */
const wrappers = /^(?:module\.|_orig_mod\.)+/;
const duplicate = /^decoder\.encoder\.|\.all_modules\.\d+\./;

/** The name without wrappers. */
export const unwrappedName = (name: string): string => name.replace(wrappers, '');

/** Whether a tensor of this name is there under another name too. */
export const isDuplicateName = (name: string): boolean => duplicate.test(name);

/** The name that a duplicate repeats: `decoder.encoder.stem.convs.0.all_modules.0.weight` → `encoder.stem.convs.0.conv.weight`. */
export function originalName(name: string): string {
  return name
    .replace(/^decoder\.encoder\./, 'encoder.')
    .replace(/\.all_modules\.(\d+)\.(\w+)$/, (_, place: string, field: string) =>
      // A dropout may stand between convolution and norm.
      place === '0' ? `.conv.${field}` : `.norm.${field}`,
    );
}

/** A convolution block's tensors, by what they are repeated as. */
const blockPart = /^(.*)\.(conv|norm)\.(weight|bias|running_mean|running_var|num_batches_tracked)$/;

/** Each block's names, then the same again as `all_modules`. */
function withRepeatedModules(names: readonly string[]): string[] {
  const result: string[] = [];
  let block: string | undefined;
  let repeated: string[] = [];
  for (const name of names) {
    const [, path, part, field] = blockPart.exec(name) ?? [];
    if (path !== block) {
      result.push(...repeated);
      repeated = [];
      block = path;
    }
    result.push(name);
    if (path !== undefined) repeated.push(`${path}.all_modules.${part === 'conv' ? 0 : 1}.${field}`);
  }
  return [...result, ...repeated];
}

/** All names of an official state dict, in its order, for the names of a network's own state in theirs. */
export function officialNames(own: readonly string[]): string[] {
  const encoder = withRepeatedModules(own.filter((name) => name.startsWith('encoder.')));
  const decoder = withRepeatedModules(own.filter((name) => name.startsWith('decoder.')));
  return [...encoder, ...encoder.map((name) => `decoder.${name}`), ...decoder];
}
