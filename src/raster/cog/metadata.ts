/** GDAL's metadata document, without default values. */
import { interpretationsByTags, wantedInterpretations } from './colours.js';
import type { CogSettings } from './options.js';

/** @returns the XML of the tag GDAL_METADATA, or null for no items */
export function metadataDocument(settings: CogSettings): string | null {
  const { descriptions, scales, offsets, metadata, bandMetadata } = settings;
  const byTags = interpretationsByTags(settings);
  const colours = wantedInterpretations(settings).map((name, band) => (name === byTags[band] ? '' : name));
  const items = [
    ...Object.entries(metadata).map(([name, text]) => item(name, text)),
    ...bandMetadata.flatMap((own, band) => Object.entries(own).map(([name, text]) => item(name, text, band))),
    ...descriptions.map((text, band) => (text === '' ? '' : item('DESCRIPTION', text, band, 'description'))),
    ...colours.map((name, band) =>
      name === '' ? '' : item('COLORINTERP', name[0].toUpperCase() + name.slice(1), band, 'colorinterp'),
    ),
    ...scales.map((value, band) => (value === 1 ? '' : item('SCALE', String(value), band, 'scale'))),
    ...offsets.map((value, band) => (value === 0 ? '' : item('OFFSET', String(value), band, 'offset'))),
  ].join('');
  return items === '' ? null : `<GDALMetadata>\n${items}</GDALMetadata>\n`;
}

function item(name: string, text: string, band?: number, role?: string): string {
  const sample = band === undefined ? '' : ` sample="${band}"`;
  const meaning = role === undefined ? '' : ` role="${role}"`;
  // GDAL escapes values twice when it writes and unescapes them twice when it reads.
  return `  <Item name="${escapeXml(name)}"${sample}${meaning}>${escapeXml(escapeXml(text))}</Item>\n`;
}

function escapeXml(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' || '\t\n\r'.includes(character))
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
