/** `fgb`, the version, `fgb`; a patch level that does not matter follows. */
export const MAGIC = [0x66, 0x67, 0x62, 0x03, 0x66, 0x67, 0x62] as const;
