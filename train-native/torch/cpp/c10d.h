// What Rust holds of c10d.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>
#include "guarded.h"

struct underpaint_store {
  c10::intrusive_ptr<c10d::Store> store;
};
struct underpaint_group {
  c10::intrusive_ptr<c10d::Backend> backend;
};
// Work that is under way, with the tensors that it reads and writes.
struct underpaint_work {
  c10::intrusive_ptr<c10d::Work> work;
  std::vector<at::Tensor> tensors;
};
