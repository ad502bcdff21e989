/** The files of the page; `scripts/pages.js` bundles its code and its style. */
import { readFile } from 'node:fs/promises';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly content: string | Uint8Array;
}

/** Everything that is shown comes from the documents of the server. */
const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>terrachip view</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="view.css">
</head>
<body>
<div id="map" role="region" aria-label="Map"></div>
<main id="panel">
<h1 id="title">terrachip view</h1>
<p id="note" hidden></p>
<p id="problem" role="status">Loading …</p>
<section id="values-box" aria-labelledby="values-title"><h2 id="values-title">Values</h2><div id="values"></div></section>
<section id="rows" aria-label="Rows of the catalog" hidden></section>
<section aria-labelledby="layers-title"><h2 id="layers-title">Layers</h2>
<div id="device"></div><div id="layers"></div><div id="others"></div></section>
</main>
<script src="view.js" defer></script>
</body>
</html>
`;

const BUNDLED = {
  'view.js': 'text/javascript; charset=utf-8',
  'view.css': 'text/css; charset=utf-8',
} as const;

/** The files by name; the empty name is the page itself. */
export async function readPage(): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>([['', { type: 'text/html; charset=utf-8', content: HTML }]]);
  for (const [name, type] of Object.entries(BUNDLED)) {
    const content = await readFile(new URL(`../../page/${name}`, import.meta.url), 'utf8');
    files.set(name, { type, content });
  }
  return files;
}
