/** HTML in which every inserted text is escaped. */
import { createHash } from 'node:crypto';

/** Markup that is safe to insert as it is. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | readonly Html[];

/** A template whose inserted texts are escaped, in elements and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const texts = parts.map((part) => {
    if (part instanceof Html) return part.text;
    if (typeof part === 'object') return part.map(({ text }) => text).join('');
    return escaped(String(part));
  });
  return new Html(strings.reduce((whole, text, k) => `${whole}${texts[k - 1]}${text}`));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);
}

export const NOTHING = new Html('');

/** A table with a caption. The first cell of each row is its heading; others are numbers, to the right. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): Html {
  const titles = head.map((title) => html`<th scope="col">${title}</th>`);
  const body = rows.map(
    ([first, ...others]) =>
      html`<tr><th scope="row">${first}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  return html`<div class="table" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Data for the page's script. No text in it can end the element. */
export function jsonScript(id: string, value: object): Html {
  return new Html(
    `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`,
  );
}

/** The source of an inline script or style in a content security policy. */
export function sourceHash(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
