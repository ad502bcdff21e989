/* The vector operations of x86 that zstd's search for matches uses, in those of WebAssembly. */
#include <wasm_simd128.h>

typedef v128_t __m128i;
#define _mm_loadu_si128(address) wasm_v128_load(address)
#define _mm_storeu_si128(address, vector) wasm_v128_store(address, vector)
#define _mm_set1_epi8(value) wasm_i8x16_splat(value)
#define _mm_cmpeq_epi8(a, b) wasm_i8x16_eq(a, b)
#define _mm_movemask_epi8(vector) wasm_i8x16_bitmask(vector)
