/** Controls of a form, each with its label. */
import { element } from '../map/index.js';

let count = 0;

/** A control under its label. */
export function labelled(text: string, control: HTMLElement): HTMLElement {
  control.id ||= `control-${count++}`;
  const label = element('label', { text });
  label.htmlFor = control.id;
  return element('div', { className: 'control', children: [label, control] });
}

/** Related controls, side by side. */
export function group(text: string, ...children: Node[]): HTMLElement {
  const legend = element('legend', { text });
  return element('fieldset', { className: 'group', children: [legend, ...children] });
}

/** A choice of one of several values. */
export function choice<T extends string>(
  options: readonly (readonly [value: T, text: string])[],
  value: T,
  onChange: (value: T) => void,
): HTMLSelectElement {
  const select = element('select');
  for (const [each, text] of options) select.append(new Option(text, each, false, each === value));
  select.addEventListener('change', () => {
    const chosen = options.find(([each]) => each === select.value);
    if (chosen !== undefined) onChange(chosen[0]);
  });
  return select;
}

/** A number; other input is ignored. */
export function numberField(value: number, onChange: (value: number) => void): HTMLInputElement {
  const input = element('input');
  input.type = 'number';
  input.step = 'any';
  input.value = shortNumber(value);
  input.addEventListener('change', () => {
    if (input.value !== '' && Number.isFinite(input.valueAsNumber)) onChange(input.valueAsNumber);
  });
  return input;
}

/** A switch before its label. */
export function checkbox(text: string, value: boolean, onChange: (value: boolean) => void): HTMLElement {
  const input = element('input');
  input.type = 'checkbox';
  input.checked = value;
  input.id = `control-${count++}`;
  input.addEventListener('change', () => onChange(input.checked));
  const label = element('label', { text });
  label.htmlFor = input.id;
  return element('div', { className: 'check', children: [input, label] });
}

export function button(text: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', { text });
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

/** A number with at most six digits. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
