// Process groups between NVIDIA GPUs: compiled where libtorch has CUDA and the headers are found.
#include <cstdint>
#include <cstring>
#ifdef UNDERPAINT_NCCL
#include "c10d.h"
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <chrono>

extern "C" char* underpaint_group_nccl(underpaint_store* store, int rank, int size, int64_t timeout_ms,
                                       underpaint_group** out) {
  return guarded([&] {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = std::chrono::milliseconds(timeout_ms);
    *out = new underpaint_group{c10::make_intrusive<c10d::ProcessGroupNCCL>(
        c10::make_intrusive<c10d::PrefixStore>("nccl", store->store), rank, size, options)};
  });
}

extern "C" bool underpaint_has_nccl() { return true; }
#else
extern "C" char* underpaint_group_nccl(void*, int, int, int64_t, void**) { return strdup("this build has no NCCL"); }

extern "C" bool underpaint_has_nccl() { return false; }
#endif
