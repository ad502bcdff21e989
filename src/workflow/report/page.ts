/** The HTML of a report: one file with all that it needs, under a policy that allows nothing else. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DOCUMENT_ID, type ReportDocument } from './document.js';
import { Html, html, jsonScript, NOTHING, sourceHash } from './html.js';

export interface ReportPage {
  readonly title: string;
  readonly subtitle: string;
  /** Limits of the model; empty for none. */
  readonly warning: string;
  readonly document: ReportDocument;
  /** The content below the map. */
  readonly sections: readonly Html[];
}

/** The bundle of the page, which lies in dist/ of the package wherever this module is run from. */
function pageFile(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../../dist/page/${name}`, import.meta.url)), 'utf8');
}

export async function renderPage(page: ReportPage): Promise<string> {
  const [script, style, licence] = await Promise.all(
    ['report.js', 'report.css', 'leaflet.LICENSE'].map(pageFile),
  );
  const { basemap } = page.document;
  const policy = [
    "default-src 'none'",
    `script-src ${sourceHash(script)}`,
    `style-src ${sourceHash(style)}`,
    `img-src data:${basemap === null ? '' : ` ${imageSource(basemap.url)}`}`,
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="${basemap === null ? 'no-referrer' : 'origin'}">
<title>${page.title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><h1>${page.title}</h1><p>${page.subtitle}</p></header>
<main>
${page.warning === '' ? NOTHING : html`<p class="warning"><strong>Not for every use:</strong> ${page.warning}</p>`}
${mapSection(page.document)}
${page.sections}
</main>
<footer><details><summary>Licence of the map library (Leaflet)</summary><pre>${licence}</pre></details></footer>
${jsonScript(DOCUMENT_ID, page.document)}
<script>${new Html(script)}</script>
</body>
</html>
`;
  return text;
}

function mapSection({ pictures }: ReportDocument): Html {
  return html`<section aria-labelledby="map-title" class="map-section">
<h2 id="map-title">Map</h2>
<noscript><p class="warning">The map needs JavaScript. The tables below do not.</p></noscript>
<div class="map-grid">
<div class="map-column">
<div class="map-frame"><div id="map" role="application" aria-label="Map. Arrow keys move it, plus and minus zoom, Enter shows the values at its centre."></div><div id="swipe-line" class="swipe-line" hidden></div></div>
${pictures.length > 0 ? swipeControls() : NOTHING}
<form id="place"><fieldset><legend>Values at a place</legend>
<label>Latitude <input id="latitude" type="number" step="any" min="-90" max="90" required></label>
<label>Longitude <input id="longitude" type="number" step="any" min="-180" max="180" required></label>
<button type="submit">Show values</button></fieldset>
<div id="values" aria-live="polite"><p>Click the map, or give a place.</p></div></form>
</div>
<div class="map-panel" role="region" aria-label="Layers of the map"><h3>Layers</h3><div id="layers"></div></div>
</div>
</section>`;
}

function swipeControls(): Html {
  return html`<fieldset id="pictures"><legend>Pictures under the map</legend>
<label>Left <select id="picture-left"></select></label>
<label>Right <select id="picture-right"></select></label>
<label class="swipe-slider">Line between them <input id="swipe" type="range" min="0" max="100" step="1" value="50"></label>
<div id="picture-legend"></div>
</fieldset>`;
}

/** The image sources of a basemap: the server of its tiles, with all subdomains for `{s}`. */
function imageSource(template: string): string {
  const { protocol, host } = new URL(template.replaceAll('{s}', 'subdomain-of'));
  const isAnySubdomain = template.includes('{s}');
  return `${protocol}//${isAnySubdomain ? host.replace(/^[^.]*subdomain-of[^.]*/, '*') : host}`;
}
