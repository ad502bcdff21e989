/** TerraMind's modalities: their keys, bands and units (terratorch, `modality_info.py` and `terramind_register.py`). */
import type { Units } from '../../raster/index.js';

const S2L2A = ['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B11', 'B12'];

export interface ModalityFacts {
  /** The key of its embedding in a checkpoint. */
  readonly key: string;
  readonly bands: readonly string[];
  readonly units: Units;
  /** `static`: the same image for all phases. */
  readonly kind: 'temporal' | 'static';
}

export const MODALITIES: Readonly<Record<string, ModalityFacts>> = {
  S2L2A: { key: 'untok_sen2l2a@224', bands: S2L2A, units: 'dn_harmonised', kind: 'temporal' },
  S2L1C: {
    key: 'untok_sen2l1c@224',
    bands: [...S2L2A.slice(0, 10), 'B10', 'B11', 'B12'],
    units: 'dn_harmonised',
    kind: 'temporal',
  },
  RGB: {
    key: 'untok_sen2rgb@224',
    bands: ['R', 'G', 'B'],
    units: 'display_8bit',
    kind: 'temporal',
  },
  S1GRD: { key: 'untok_sen1grd@224', bands: ['VV', 'VH'], units: 'dB', kind: 'temporal' },
  S1RTC: { key: 'untok_sen1rtc@224', bands: ['VV', 'VH'], units: 'dB', kind: 'temporal' },
  DEM: { key: 'untok_dem@224', bands: ['DEM'], units: 'm', kind: 'static' },
};
