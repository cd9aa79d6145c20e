// Process groups: libtorch's c10d, the engine under PyTorch's DistributedDataParallel.
#ifdef USE_C10D_GLOO
#include "c10d.h"
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

using at::Tensor;
using std::chrono::milliseconds;

extern "C" {

// Waits until all `size` processes are there. `server`: whether this one keeps the store.
char* underpaint_store_new(const char* host, uint16_t port, int size, bool server, const char* prefix,
                           int64_t timeout_ms, underpaint_store** out) {
  return guarded([&] {
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = server;
    options.numWorkers = size;
    options.timeout = milliseconds(timeout_ms);
    auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
    *out = new underpaint_store{c10::make_intrusive<c10d::PrefixStore>(prefix, store)};
  });
}

char* underpaint_store_set(underpaint_store* store, const char* key, const uint8_t* bytes, size_t count) {
  return guarded([&] { store->store->set(key, std::vector<uint8_t>(bytes, bytes + count)); });
}

// Waits until somebody has set it. `out` is for the caller to free.
char* underpaint_store_get(underpaint_store* store, const char* key, uint8_t** out, size_t* count) {
  return guarded([&] {
    auto value = store->store->get(key);
    *out = static_cast<uint8_t*>(malloc(value.size() + 1));
    if (!*out) throw std::bad_alloc();
    std::copy(value.begin(), value.end(), *out);
    *count = value.size();
  });
}

void underpaint_store_free(underpaint_store* store) { delete store; }

// Over TCP, between tensors in host memory. `address` is where the others reach this process.
char* underpaint_group_gloo(underpaint_store* store, int rank, int size, const char* address, bool interface,
                            int64_t timeout_ms, underpaint_group** out) {
  return guarded([&] {
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout_ms));
    options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(address)
                                         : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    *out = new underpaint_group{c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>("gloo", store->store), rank, size, options)};
  });
}

// Starts summing up `tensor` over all ranks, in place.
char* underpaint_all_reduce(underpaint_group* group, const Tensor* tensor, underpaint_work** out) {
  return guarded([&] {
    std::vector<Tensor> tensors{*tensor};
    auto work = group->backend->allreduce(tensors);
    *out = new underpaint_work{work, tensors};
  });
}

char* underpaint_broadcast(underpaint_group* group, const Tensor* tensor, int root, underpaint_work** out) {
  return guarded([&] {
    std::vector<Tensor> tensors{*tensor};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    auto work = group->backend->broadcast(tensors, options);
    *out = new underpaint_work{work, tensors};
  });
}

// `all`: as many tensors as there are ranks, of the shape of `own`.
char* underpaint_all_gather(underpaint_group* group, const Tensor* own, Tensor* const* all, int count,
                            underpaint_work** out) {
  return guarded([&] {
    std::vector<Tensor> inputs{*own};
    std::vector<std::vector<Tensor>> outputs(1);
    for (int i = 0; i < count; i++) outputs[0].push_back(*all[i]);
    auto work = group->backend->allgather(outputs, inputs);
    outputs[0].push_back(*own);
    *out = new underpaint_work{work, outputs[0]};
  });
}

char* underpaint_send(underpaint_group* group, const Tensor* tensor, int to, underpaint_work** out) {
  return guarded([&] {
    std::vector<Tensor> tensors{*tensor};
    auto work = group->backend->send(tensors, to, 0);
    *out = new underpaint_work{work, tensors};
  });
}

char* underpaint_receive(underpaint_group* group, const Tensor* tensor, int from, underpaint_work** out) {
  return guarded([&] {
    std::vector<Tensor> tensors{*tensor};
    auto work = group->backend->recv(tensors, from, 0);
    *out = new underpaint_work{work, tensors};
  });
}

char* underpaint_barrier(underpaint_group* group, underpaint_work** out) {
  return guarded([&] { *out = new underpaint_work{group->backend->barrier(), {}}; });
}

// Ends the work, too.
char* underpaint_wait(underpaint_work* work) {
  std::unique_ptr<underpaint_work> own(work);
  return guarded([&] {
    if (!own->work->wait()) throw std::runtime_error("a collective operation was aborted");
  });
}

void underpaint_work_free(underpaint_work* work) { delete work; }

void underpaint_group_free(underpaint_group* group) { delete group; }

// Without what usually runs at the end: threads that wait for a dead rank would never let it finish.
void underpaint_exit_now(int code) { _Exit(code); }

}  // extern "C"
#else
// Where libtorch has none, or its linker lacks them.
#include <cstdint>
#include <cstdlib>
#include <cstring>

static char* absent() { return strdup("this build of libtorch has no process groups"); }

extern "C" {
char* underpaint_store_new(const char*, uint16_t, int, bool, const char*, int64_t, void**) { return absent(); }
char* underpaint_store_set(void*, const char*, const uint8_t*, size_t) { return absent(); }
char* underpaint_store_get(void*, const char*, uint8_t**, size_t*) { return absent(); }
void underpaint_store_free(void*) {}
char* underpaint_group_gloo(void*, int, int, const char*, bool, int64_t, void**) { return absent(); }
char* underpaint_all_reduce(void*, const void*, void**) { return absent(); }
char* underpaint_broadcast(void*, const void*, int, void**) { return absent(); }
char* underpaint_all_gather(void*, const void*, void* const*, int, void**) { return absent(); }
char* underpaint_send(void*, const void*, int, void**) { return absent(); }
char* underpaint_receive(void*, const void*, int, void**) { return absent(); }
char* underpaint_barrier(void*, void**) { return absent(); }
char* underpaint_wait(void*) { return absent(); }
void underpaint_work_free(void*) {}
void underpaint_group_free(void*) {}
void underpaint_exit_now(int code) { _Exit(code); }
}
#endif
