/* What the files of codecs.wasm share. All sizes are in bytes, all words are little-endian, as WebAssembly's are. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wasm_simd128.h>

/** A function that JavaScript calls. */
#define EXPORT(name) __attribute__((export_name(#name)))

/** Bytes that vector loops may write after the end of an output. */
#define SLACK 32
