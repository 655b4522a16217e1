#include "errors.hpp"

namespace hetmap::cuda_half {

using core::fault;
using core::status;

fault meaning_of(cudaError_t code) noexcept {
  switch (code) {
    case cudaSuccess: return fault::none;
    case cudaErrorMemoryAllocation: return fault::out_of_memory;
    // The context is dead: every later call of the process returns the same.
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorExternalDevice:
    case cudaErrorContextIsDestroyed:
    case cudaErrorMpsConnectionFailed:
    case cudaErrorMpsRpcFailure:
    case cudaErrorMpsServerNotReady:
    case cudaErrorMpsClientTerminated:
    case cudaErrorUnknown:
    // There is no context: a forked child, or a process on its way out.
    case cudaErrorInitializationError:
    case cudaErrorCudartUnloading:
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver: return fault::lost;
    default: return fault::refused;
  }
}

status status_of(cudaError_t code) noexcept {
  if (code == cudaSuccess) return {};
  static_cast<void>(cudaGetLastError());
  fault what = meaning_of(code);
  // What is still there after it was cleared is there to stay.
  if (what == fault::refused && cudaPeekAtLastError() == code) what = fault::lost;
  return {what, static_cast<int>(code), cudaGetErrorString(code)};
}

}  // namespace hetmap::cuda_half
