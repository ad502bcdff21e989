/** Messages between the page and its workers. */
import type { Bounds, Dtype, GeoBox, RowRange } from 'terrachip/geo';
import type { ColourTable, MapTile, PixelAt, Resampling, Units } from 'terrachip/raster';
import type { Storage } from './steps/cog.js';

/** An opened file, or the result of a step. Each worker opens it at its first use. */
export interface LayerPlace {
  readonly id: number;
  readonly name: string;
  /** Its address, or the file itself. */
  readonly place: string | Blob;
}

/** A grid as plain data. */
export type GridJson = ReturnType<GeoBox['toJSON']>;

export interface BandSummary {
  /** From 1. */
  readonly index: number;
  /** Its name in the file. */
  readonly name: string;
  /** Its name in expressions. */
  readonly symbol: string;
  readonly dtype: Dtype;
  readonly nodata: number | null;
  readonly scale: number;
  readonly offset: number;
}

export interface LayerInfo {
  readonly width: number;
  readonly height: number;
  readonly grid: GridJson;
  readonly crs: string;
  /** Whether the coordinates are degrees. */
  readonly isGeographic: boolean;
  readonly resolution: readonly [number, number];
  /** West, south, east and north in degrees. */
  readonly lonLat: Bounds;
  readonly bands: readonly BandSummary[];
  readonly compression: string;
  readonly overviews: number;
  readonly colourTable: ColourTable | null;
}

export interface EngineInfo {
  readonly kind: 'webgpu' | 'cpu';
  readonly adapter: string;
  /** Whether the GPU is a software emulation: then WebAssembly runs models faster. */
  readonly isSoftware: boolean;
}

export interface ModelInputChoice {
  readonly input: string;
  readonly phase: string | null;
  readonly layer: LayerPlace;
  readonly bands: readonly number[];
  readonly units: Units;
}

/** The operations of a worker: parameters and result of each. */
export interface Operations {
  start: { request: { device: 'auto' | 'cpu' }; answer: EngineInfo };
  open: { request: { layer: LayerPlace }; answer: LayerInfo };
  close: { request: { id: number }; answer: null };
  tile: {
    request: { layer: LayerPlace; tile: MapTile; bands: readonly number[]; resampling: Resampling };
    answer: Float32Array[] | null;
  };
  value: {
    request: { layer: LayerPlace; longitude: number; latitude: number; bands: readonly number[] };
    answer: PixelAt | null;
  };
  grid: {
    request: { layer: LayerPlace; crs: string; resolution: number; bounds: Bounds | null };
    answer: GridJson;
  };
  /** The part of a layer's own grid under bounds in degrees. */
  crop: { request: { layer: LayerPlace; bounds: Bounds | null }; answer: GridJson };
  reproject: {
    request: {
      layer: LayerPlace;
      grid: GridJson;
      resampling: Resampling;
      bands: readonly number[];
      rows: RowRange;
    };
    answer: Float32Array[];
  };
  calculate: {
    request: {
      layer: LayerPlace;
      grid: GridJson;
      expression: string;
      bands: readonly number[];
      rows: RowRange;
    };
    answer: Float32Array[];
  };
  model: {
    request: {
      folder: string;
      provider: 'webgpu' | 'wasm';
      grid: GridJson;
      images: readonly ModelInputChoice[];
    };
    answer: Float32Array<ArrayBuffer>[];
  };
  cog: { request: { bands: readonly Float32Array[]; grid: GridJson; storage: Storage }; answer: Blob };
}

export type OperationName = keyof Operations;

/** Messages to a worker: a request, or its cancellation. */
export type Message =
  | { readonly id: number; readonly name: OperationName; readonly request: unknown }
  | { readonly id: number; readonly cancel: true };

/** Messages from a worker. */
export type Reply =
  | { readonly id: number; readonly kind: 'answer'; readonly answer: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly message: string }
  | { readonly id: number; readonly kind: 'progress'; readonly share: number };
