// A vector of floats as wide as the instruction set's registers, and how it is loaded from float and bfloat16 memory.
// GCC's and Clang's vector extension: the same source serves every instruction set.
#pragma once

#include "kernels/isa/table.h"

#include <cstdint>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#if !defined(DIGITREC_ISA)
#error "DIGITREC_ISA must name the instruction set that this file is compiled for"
#endif

#define DIGITREC_INLINE static inline __attribute__((always_inline))

namespace digitrec::kernels::DIGITREC_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;  ///< floats of a vector
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t LaneMask __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2)));
typedef uint8_t Bytes __attribute__((vector_size(kLanes)));

DIGITREC_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
DIGITREC_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

using bf16 = uint16_t;  // the upper half of a float

template <class To, class From>
DIGITREC_INLINE To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}

template <class V>
DIGITREC_INLINE V load_bytes(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

DIGITREC_INLINE Vec broadcast(float x) { return x - Vec{}; }

DIGITREC_INLINE Vec load(const float* from) { return load_bytes<Vec>(from); }
DIGITREC_INLINE Vec load(const bf16* from) {
  return bit_cast<Vec>(__builtin_convertvector(load_bytes<Halves>(from), Bits) << 16);
}

DIGITREC_INLINE void store(float* to, Vec v) { __builtin_memcpy(to, &v, sizeof(v)); }
/// Rounds to nearest, ties to even; NaN stays NaN.
DIGITREC_INLINE void store(bf16* to, Vec v) {
#if defined(__AVX512BF16__)
  const __m256bh halves = _mm512_cvtneps_pbh(bit_cast<__m512>(v));
#else
  const Bits bits = bit_cast<Bits>(v);
  const Bits rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const Bits quiet_nan = Bits{} + 0x7fc0U;
  const Halves halves = __builtin_convertvector(v == v ? rounded : quiet_nan, Halves);
#endif
  __builtin_memcpy(to, &halves, sizeof(halves));
}

/// 32 floats, as `To` stores them.
template <class To>
DIGITREC_INLINE void store_32(To* to, const float* from) {
  for (int i = 0; i < 32; i += kLanes) store(to + i, load(from + i));
}
#if defined(__AVX512BF16__)
DIGITREC_INLINE void store_32(bf16* to, const float* from) {
  const __m512bh halves = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from));
  __builtin_memcpy(to, &halves, sizeof(halves));
}
#endif

DIGITREC_INLINE float load_one(const float* from) { return *from; }
DIGITREC_INLINE float load_one(const bf16* from) { return bit_cast<float>(static_cast<uint32_t>(*from) << 16); }

DIGITREC_INLINE Vec select(LaneMask mask, Vec yes, Vec no) { return mask ? yes : no; }
/// NaN stays NaN, so that it is seen in the loss.
DIGITREC_INLINE Vec relu(Vec v) { return select(v < Vec{}, Vec{}, v); }

/// Calls `body` with the array as a pointer of its type.
template <class Body>
DIGITREC_INLINE void with_type(ConstArray array, Body body) {
  if (array.type == Type::f32) {
    body(static_cast<const float*>(array.data));
  } else {
    body(static_cast<const bf16*>(array.data));
  }
}
template <class Body>
DIGITREC_INLINE void with_type(Array array, Body body) {
  if (array.type == Type::f32) {
    body(static_cast<float*>(array.data));
  } else {
    body(static_cast<bf16*>(array.data));
  }
}

/// The same with two arrays of one type.
template <class Body>
DIGITREC_INLINE void with_types(ConstArray from, Array to, Body body) {
  if (from.type == Type::f32) {
    body(static_cast<const float*>(from.data), static_cast<float*>(to.data));
  } else {
    body(static_cast<const bf16*>(from.data), static_cast<bf16*>(to.data));
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA
