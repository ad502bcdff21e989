/** The package has no types of its own; these are the parts that are used. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  interface J2KDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8ClampedArray<ArrayBuffer>;
    decodeSubResolution(reduction: number, layers: number): void;
    getFrameInfo(): {
      width: number;
      height: number;
      bitsPerSample: number;
      componentCount: number;
      isSigned: boolean;
    };
    delete(): void;
  }
  interface OpenJpeg {
    readonly HEAPU8: Uint8Array;
    readonly J2KDecoder: new () => J2KDecoder;
  }
  const create: (options: {
    print: (line: string) => void;
    printErr: (line: string) => void;
  }) => Promise<OpenJpeg>;
  export default create;
  export type { OpenJpeg };
}
