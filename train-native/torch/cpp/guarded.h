// How every function here answers: nothing, or what libtorch threw, as text for the caller to free.
#pragma once
#include <ATen/core/Tensor.h>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

template <class F> static char* guarded(F&& body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("libtorch threw something that is no std::exception");
  }
}

// Tensors that Rust owns from here on, as tch's do.
static inline at::Tensor* boxed(at::Tensor tensor) { return new at::Tensor(std::move(tensor)); }
static inline at::Tensor* boxed_if(bool wanted, at::Tensor tensor) {
  return wanted && tensor.defined() ? boxed(std::move(tensor)) : nullptr;
}
static inline std::optional<at::Tensor> maybe(const at::Tensor* tensor) {
  return tensor ? std::optional<at::Tensor>(*tensor) : std::nullopt;
}
