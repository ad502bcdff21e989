/* Applies the TIFF predictors that undo.c defines. */
#include "codecs.h"

/* Differences of the values at the distance of a pixel's bands. */
#define DIFFERENCE_ROW(type)                                                                            \
  static void difference_row_##type(const type *restrict row, type *restrict to, uint32_t count, uint32_t samples) { \
    for (uint32_t i = 0; i < samples; i++) to[i] = row[i];                                              \
    for (uint32_t i = samples; i < count; i++) to[i] = (type)(row[i] - row[i - samples]);               \
  }
DIFFERENCE_ROW(uint8_t)
DIFFERENCE_ROW(uint16_t)
DIFFERENCE_ROW(uint32_t)
DIFFERENCE_ROW(uint64_t)

/* Applies predictor 2. */
EXPORT(differences)
void differences(const uint8_t *bytes, uint8_t *result, uint32_t rows, uint32_t count, uint32_t samples,
                 uint32_t bytes_per_sample) {
  for (uint32_t y = 0; y < rows; y++) {
    const size_t at = (size_t)y * count * bytes_per_sample;
    const void *row = bytes + at;
    void *to = result + at;
    if (bytes_per_sample == 1) difference_row_uint8_t(row, to, count, samples);
    else if (bytes_per_sample == 2) difference_row_uint16_t(row, to, count, samples);
    else if (bytes_per_sample == 4) difference_row_uint32_t(row, to, count, samples);
    else difference_row_uint64_t(row, to, count, samples);
  }
}

/* Splits little-endian words to four planes of bytes, most significant first. */
static void split4(const uint8_t *words, uint8_t *planes, uint32_t count) {
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const v128_t a = wasm_v128_load(words + 4 * i);
    const v128_t b = wasm_v128_load(words + 4 * i + 16);
    const v128_t c = wasm_v128_load(words + 4 * i + 32);
    const v128_t d = wasm_v128_load(words + 4 * i + 48);
    const v128_t low1 = wasm_i8x16_shuffle(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const v128_t low2 = wasm_i8x16_shuffle(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const v128_t high1 = wasm_i8x16_shuffle(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    const v128_t high2 = wasm_i8x16_shuffle(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    wasm_v128_store(planes + i, wasm_i64x2_shuffle(high1, high2, 1, 3));
    wasm_v128_store(planes + count + i, wasm_i64x2_shuffle(high1, high2, 0, 2));
    wasm_v128_store(planes + 2 * count + i, wasm_i64x2_shuffle(low1, low2, 1, 3));
    wasm_v128_store(planes + 3 * count + i, wasm_i64x2_shuffle(low1, low2, 0, 2));
  }
  for (; i < count; i++) {
    for (uint32_t plane = 0; plane < 4; plane++) planes[plane * count + i] = words[4 * i + 3 - plane];
  }
}

/* Applies predictor 3; `spare` has the bytes of a row. */
EXPORT(split_planes)
void split_planes(const uint8_t *bytes, uint8_t *result, uint8_t *spare, uint32_t rows, uint32_t count,
                  uint32_t samples, uint32_t bytes_per_sample) {
  const uint32_t row_bytes = count * bytes_per_sample;
  for (uint32_t y = 0; y < rows; y++, bytes += row_bytes, result += row_bytes) {
    if (bytes_per_sample == 4) split4(bytes, spare, count);
    else {
      for (uint32_t plane = 0; plane < bytes_per_sample; plane++) {
        const uint8_t *from = bytes + bytes_per_sample - 1 - plane;
        for (uint32_t i = 0; i < count; i++) spare[plane * count + i] = from[i * bytes_per_sample];
      }
    }
    difference_row_uint8_t(spare, result, row_bytes, samples);
  }
}
