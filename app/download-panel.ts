/** The file of the shown result. */
import { element, requireElement } from '../src/page/map/index.js';
import { type App, Status } from './app.js';
import type { Layer } from './layers.js';

export function connectDownload(app: App): void {
  const line = requireElement('download-line', HTMLElement);
  const status = new Status('download-status');
  let last: Layer | null = null;
  let address = '';
  app.onChange(() => {
    const layer = app.active;
    if (layer === last) return;
    last = layer;
    URL.revokeObjectURL(address);
    line.replaceChildren();
    if (layer === null || layer.result === null) {
      status.say('Results of steps 3 to 5 can be downloaded.');
      return;
    }
    address = URL.createObjectURL(layer.result);
    const link = element('a', { className: 'button', text: 'Download' });
    link.id = 'download';
    link.href = address;
    link.download = fileName(layer);
    line.append(link);
    const size = (layer.result.size / 2 ** 20).toFixed(1);
    status.say(`${link.download}: a cloud-optimised GeoTIFF of ${size} MiB.`);
  });
}

/** The layer's name without characters that file systems refuse. */
function fileName({ name }: Layer): string {
  const words = name.replace(/\.tiff?\b/gi, '').replace(/[^\p{L}\p{N}]+/gu, '-');
  return `${words.slice(0, 80)}.tif`;
}
