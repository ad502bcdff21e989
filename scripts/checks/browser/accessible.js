// Requirements for every page: each control has a name, and each text has enough contrast with its background.
import assert from 'node:assert/strict';

/** Smallest contrast ratio of texts, and of large texts (WCAG 2.1, 1.4.3). */
const [CONTRAST, OF_LARGE] = [4.5, 3];

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string>} the number of controls
 */
export async function requireNames(page) {
  const controls = await page.evaluate(() =>
    [...document.querySelectorAll('input, select, textarea, button, summary, a[href]')].map((control) => {
      const byId = (control.getAttribute('aria-labelledby') ?? '').split(' ').filter((id) => id !== '');
      const texts = [
        control.getAttribute('aria-label'),
        ...byId.map((id) => document.getElementById(id)?.textContent),
        ...[...(control.labels ?? [])].map((label) => label.textContent),
        control.matches('button, summary, a') ? control.textContent : '',
        control.getAttribute('title'),
      ];
      return { html: control.outerHTML.slice(0, 120), name: texts.filter(Boolean).join(' ').trim() };
    }),
  );
  assert.deepEqual(
    controls.filter(({ name }) => name === ''),
    [],
  );
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  return `${controls.length} controls`;
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string>} the smallest contrast
 */
export async function requireContrast(page) {
  const texts = await page.evaluate(() => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const over = ([r, g, b, a = 1], ground) => [r, g, b].map((value, k) => value * a + ground[k] * (1 - a));
    const groundOf = (element) => {
      const layers = [];
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        layers.push(colour);
        if ((colour[3] ?? 1) === 1) break;
      }
      return layers.reduceRight((ground, colour) => over(colour, ground), [255, 255, 255]);
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (text === '' || !element.checkVisibility() || element.closest('script, style') !== null) continue;
      const { color, fontSize, fontWeight } = getComputedStyle(element);
      const ground = groundOf(element);
      const [a, b] = [luminance(over(channels(color), ground)), luminance(ground)];
      const size = Number.parseFloat(fontSize);
      found.push({
        text: text.slice(0, 40),
        ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
        isLarge: size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700),
      });
    }
    return found;
  });
  assert.ok(texts.length > 0, 'the page has no text');
  assert.deepEqual(
    texts.filter(({ ratio, isLarge }) => ratio < (isLarge ? OF_LARGE : CONTRAST)),
    [],
  );
  return `least contrast ${Math.min(...texts.map(({ ratio }) => ratio)).toFixed(1)} of ${texts.length} texts`;
}
