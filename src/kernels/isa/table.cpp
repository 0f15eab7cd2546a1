// Compiled once for each instruction set, into a namespace of its own.
#include "kernels/isa/conv.h"
#include "kernels/isa/epilogue.h"

#define DIGITREC_NAME_OF(isa) #isa
#define DIGITREC_NAME(isa) DIGITREC_NAME_OF(isa)

namespace digitrec::kernels::DIGITREC_ISA {

const Table& table() {
  static constexpr Table kTable{
      DIGITREC_NAME(DIGITREC_ISA),
      kTile,
      kWidth,
      pack_weights,
      pack_weights_backward,
      unpack_weights,
      scratch_size,
      convolve,
      weight_gradient,
      affine,
      affine_pool,
      relu_backward,
      pool_backward,
      moments,
      norm_sums,
      norm_backward,
  };
  return kTable;
}

}  // namespace digitrec::kernels::DIGITREC_ISA
