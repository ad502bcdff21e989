/** Text from files and servers, so that a terminal shows it and obeys none of it. */

/**
 * Controls (C0, DEL, C1, so also escape sequences), line separators, what changes the direction of text, what has no
 * width, and halves of surrogate pairs.
 */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}/gu;

/** One line: controls are written as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** Several lines, with tabs; all other controls as `printable` writes them. */
export function printableLines(text: string): string {
  return text.replace(CONTROLS, (control) =>
    control === '\n' || control === '\t' ? control : escaped(control),
  );
}

/** JSON whose texts hold no controls: JavaScript leaves some as they are. */
export function printableJson(document: object): string {
  return JSON.stringify(document, null, 2).replace(CONTROLS, (control) =>
    control === '\n' ? control : `\\u${hex(control, 4)}`,
  );
}

function escaped(control: string): string {
  if (control === '\n') return '\\n';
  return control.charCodeAt(0) < 256 ? `\\x${hex(control, 2)}` : `\\u${hex(control, 4)}`;
}

function hex(control: string, digits: number): string {
  return control.charCodeAt(0).toString(16).padStart(digits, '0');
}
