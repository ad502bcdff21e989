/* Shared by both modules: memory for JavaScript, and Adler-32. */
#include <stdlib.h>

#include "codecs.h"

EXPORT(reserve)
void *reserve(uint32_t size) { return malloc(size); }

EXPORT(release)
void release(void *memory) { free(memory); }

/* Adler-32 (RFC 1950) with vectors; replaces libdeflate's, which has no vector version for WebAssembly. */
uint32_t libdeflate_adler32(uint32_t adler, const void *buffer, size_t size) {
  if (buffer == NULL) return 1;
  const uint8_t *bytes = buffer;
  uint32_t a = adler & 0xffff;
  uint32_t b = adler >> 16;
  const v128_t weights_low = wasm_i16x8_make(16, 15, 14, 13, 12, 11, 10, 9);
  const v128_t weights_high = wasm_i16x8_make(8, 7, 6, 5, 4, 3, 2, 1);
  while (size >= 16) {
    /* No 32-bit sum overflows within this many bytes. */
    size_t run = size < 4096 ? size & ~(size_t)15 : 4096;
    size -= run;
    b += a * (uint32_t)run;
    v128_t sum = {0}, before = {0}, weighted = {0};
    for (; run > 0; run -= 16, bytes += 16) {
      const v128_t x = wasm_v128_load(bytes);
      before = wasm_i32x4_add(before, sum);
      const v128_t low = wasm_u16x8_extend_low_u8x16(x);
      const v128_t high = wasm_u16x8_extend_high_u8x16(x);
      sum = wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(wasm_i16x8_add(low, high)));
      weighted = wasm_i32x4_add(weighted, wasm_i32x4_add(wasm_i32x4_dot_i16x8(low, weights_low),
                                                        wasm_i32x4_dot_i16x8(high, weights_high)));
    }
    weighted = wasm_i32x4_add(weighted, wasm_i32x4_shl(before, 4));
    for (int lane = 0; lane < 4; lane++) {
      uint32_t sums[4], weights[4];
      wasm_v128_store(sums, sum);
      wasm_v128_store(weights, weighted);
      a += sums[lane];
      b += weights[lane];
    }
    a %= 65521;
    b %= 65521;
  }
  for (; size > 0; size--) {
    a += *bytes++;
    b += a;
  }
  return (b % 65521) << 16 | a % 65521;
}
