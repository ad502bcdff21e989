/** Elements of a page. Text is set as text content: file names cannot become markup. */

/** An element with a class, text or children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  {
    className = '',
    text,
    children = [],
  }: { className?: string; text?: string; children?: readonly Node[] } = {},
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** The element with an id. @throws {Error} if the page has no element of this type */
export function requireElement<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}
