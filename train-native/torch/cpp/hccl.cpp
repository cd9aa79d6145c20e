// Process groups between Ascend NPUs: compiled where UNDERPAINT_TORCH_NPU says where torch_npu is.
#include <cstdint>
#include <cstring>
#ifdef UNDERPAINT_HCCL
#include "c10d.h"
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch_npu/csrc/distributed/ProcessGroupHCCL.hpp>
#include <chrono>

extern "C" char* underpaint_group_hccl(underpaint_store* store, int rank, int size, int64_t timeout_ms,
                                       underpaint_group** out) {
  return guarded([&] {
    auto options = c10d_npu::ProcessGroupHCCL::Options::create();
    options->opTimeout = std::chrono::milliseconds(timeout_ms);
    *out = new underpaint_group{c10::make_intrusive<c10d_npu::ProcessGroupHCCL>(
        c10::make_intrusive<c10d::PrefixStore>("hccl", store->store), rank, size, options)};
  });
}

extern "C" bool underpaint_has_hccl() { return true; }
#else
extern "C" char* underpaint_group_hccl(void*, int, int, int64_t, void**) { return strdup("this build has no HCCL"); }

extern "C" bool underpaint_has_hccl() { return false; }
#endif
