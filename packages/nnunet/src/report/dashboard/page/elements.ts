/** Making and finding the elements of the page. */

type Attributes = Readonly<Record<string, string | number>>;

const svgNamespace = 'http://www.w3.org/2000/svg';

export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** An element that the markup has. */
export function byId<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** Rows of a list of names and values. */
export function describe(list: HTMLElement, rows: readonly { readonly name: string; readonly value: string }[]): void {
  list.replaceChildren(...rows.map(({ name, value }) => html('div', {}, html('dt', {}, name), html('dd', {}, value))));
}
