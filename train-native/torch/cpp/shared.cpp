// Memory that the processes of one machine share: each writes what it has computed into its own, and they
// add it up in place, a part each.
#include "guarded.h"
#if defined(__linux__)
#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr size_t HEAD = 4096;
const char NAME[] = "underpaint-gradients";

// At the start of every memory; what is computed begins after HEAD bytes.
struct Head {
  // Tells the memory from any other that happens to have the same number.
  uint64_t secret;
  // How often its owner has got somewhere.
  std::atomic<uint32_t> arrived;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(Head) <= HEAD);

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + strerror(errno));
}

struct File {
  int number;
  explicit File(int number) : number(number) {}
  File(const File&) = delete;
  ~File() {
    if (number >= 0) close(number);
  }
};

struct Mapping {
  void* start;
  size_t bytes;
  Mapping(int file, size_t bytes) : bytes(bytes) {
    start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (start == MAP_FAILED) fail("mapping shared memory");
  }
  Mapping(const Mapping&) = delete;
  ~Mapping() { munmap(start, bytes); }
  Head& head() const { return *static_cast<Head*>(start); }
  float* values() const { return reinterpret_cast<float*>(static_cast<char*>(start) + HEAD); }
};

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* timeout) {
  return syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), operation, value, timeout, nullptr, 0);
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// One process's memory, before the others have found it.
struct underpaint_shared_own {
  std::shared_ptr<Mapping> mapping;
  std::unique_ptr<File> file;
};

// The memory of all, by rank.
struct underpaint_shared {
  std::vector<std::shared_ptr<Mapping>> all;
  int rank;
  std::chrono::milliseconds timeout;
  // How often this process has got somewhere.
  uint32_t arrived = 0;

  void arrive() {
    auto& word = all[rank]->head().arrived;
    word.store(++arrived, std::memory_order_release);
    futex(word, FUTEX_WAKE, INT32_MAX, nullptr);
  }

  // Until all have come as far as this process.
  void await() {
    const auto end = std::chrono::steady_clock::now() + timeout;
    const timespec nap{0, 100'000'000};
    for (size_t other = 0; other < all.size(); other++) {
      auto& word = all[other]->head().arrived;
      for (int turn = 0;; turn++) {
        const uint32_t seen = word.load(std::memory_order_acquire);
        if (static_cast<int32_t>(seen - arrived) >= 0) break;
        if (turn < 2000) {
          relax();
          continue;
        }
        if (std::chrono::steady_clock::now() > end)
          throw std::runtime_error("nothing came from rank " + std::to_string(other) + " in time");
        // Woken when it arrives; the nap is only for the look at the clock.
        futex(word, FUTEX_WAIT, seen, &nap);
      }
    }
  }
};

extern "C" {

// Memory for `count` numbers. `file`: its number in this process, by which the others find it.
char* underpaint_shared_create(uint64_t count, uint64_t secret, underpaint_shared_own** out, int* file) {
  return guarded([&] {
    const size_t bytes = HEAD + count * sizeof(float);
    auto made = std::make_unique<File>(memfd_create(NAME, MFD_CLOEXEC));
    if (made->number < 0) fail("shared memory");
    // Now, with an error, rather than in the middle of a step, with a signal.
    if (int error = posix_fallocate(made->number, 0, static_cast<off_t>(bytes))) {
      errno = error;
      fail("shared memory");
    }
    auto mapping = std::make_shared<Mapping>(made->number, bytes);
    new (mapping->start) Head{secret, {0}};
    *file = made->number;
    *out = new underpaint_shared_own{mapping, std::move(made)};
  });
}

void underpaint_shared_own_free(underpaint_shared_own* own) { delete own; }

// Finds the memory of all ranks. `processes`, `files`, `secrets`: of each, as its own create said. Takes
// nothing from `own`, which can go once all have done this.
char* underpaint_shared_join(const underpaint_shared_own* own, int rank, int size, const int64_t* processes,
                             const int64_t* files, const uint64_t* secrets, int64_t timeout_ms,
                             underpaint_shared** out) {
  return guarded([&] {
    auto joined = std::make_unique<underpaint_shared>();
    joined->rank = rank;
    joined->timeout = std::chrono::milliseconds(timeout_ms);
    const std::string expected = std::string("/memfd:") + NAME;
    for (int other = 0; other < size; other++) {
      if (other == rank) {
        joined->all.push_back(own->mapping);
        continue;
      }
      const std::string path =
          "/proc/" + std::to_string(processes[other]) + "/fd/" + std::to_string(files[other]);
      // In another namespace or on another machine the same numbers are something else.
      char target[64] = {};
      if (readlink(path.c_str(), target, sizeof target - 1) < 0) fail(path.c_str());
      if (std::string(target).compare(0, expected.size(), expected) != 0)
        throw std::runtime_error(path + ": expected " + expected + ", found " + target);
      File file(open(path.c_str(), O_RDWR | O_CLOEXEC));
      struct stat found;
      if (file.number < 0 || fstat(file.number, &found) < 0) fail(path.c_str());
      if (static_cast<size_t>(found.st_size) != own->mapping->bytes)
        throw std::runtime_error(path + ": another size than this process's");
      auto mapping = std::make_shared<Mapping>(file.number, own->mapping->bytes);
      if (mapping->head().secret != secrets[other])
        throw std::runtime_error(path + ": the memory of another run");
      joined->all.push_back(mapping);
    }
    *out = joined.release();
  });
}

// This process's memory as a tensor, which holds on to it.
char* underpaint_shared_tensor(const underpaint_shared* shared, int64_t count, at::Tensor** out) {
  return guarded([&] {
    auto mapping = shared->all[shared->rank];
    if (count < 0 || HEAD + count * sizeof(float) > mapping->bytes)
      throw std::runtime_error("more numbers than there is room for");
    *out = boxed(at::from_blob(mapping->values(), {count}, [mapping](void*) {}, at::kFloat));
  });
}

// Says that this process's numbers are there.
void underpaint_shared_arrive(underpaint_shared* shared) { shared->arrive(); }

// Once all have said so: replaces the first `count` numbers of every process by their means.
char* underpaint_shared_average(underpaint_shared* shared, int64_t count) {
  return guarded([&] {
    shared->await();
    const int64_t size = static_cast<int64_t>(shared->all.size());
    const int64_t part = (count + size - 1) / size;
    const int64_t begin = std::min(count, part * shared->rank), end = std::min(count, begin + part);
    std::vector<float*> all;
    for (auto& mapping : shared->all) all.push_back(mapping->values());
    at::parallel_for(begin, end, 1 << 16, [&](int64_t from, int64_t to) {
      constexpr int64_t BLOCK = 2048;
      float sums[BLOCK];
      for (int64_t at = from; at < to; at += BLOCK) {
        const int64_t length = std::min(BLOCK, to - at);
        std::copy_n(all[0] + at, length, sums);
        // By rank: the same bits whoever adds up.
        for (int64_t other = 1; other < size; other++) {
          const float* theirs = all[other] + at;
          for (int64_t i = 0; i < length; i++) sums[i] += theirs[i];
        }
        const float divisor = static_cast<float>(size);
        for (int64_t i = 0; i < length; i++) sums[i] /= divisor;
        for (float* values : all) std::copy_n(sums, length, values + at);
      }
    });
    shared->arrive();
    shared->await();
  });
}

void underpaint_shared_free(underpaint_shared* shared) { delete shared; }

}  // extern "C"
#else
#include <cstdint>

static char* absent() { return strdup("processes share memory on Linux only"); }

extern "C" {
char* underpaint_shared_create(uint64_t, uint64_t, void**, int*) { return absent(); }
void underpaint_shared_own_free(void*) {}
char* underpaint_shared_join(const void*, int, int, const int64_t*, const int64_t*, const uint64_t*, int64_t, void**) {
  return absent();
}
char* underpaint_shared_tensor(const void*, int64_t, at::Tensor**) { return absent(); }
void underpaint_shared_arrive(void*) {}
char* underpaint_shared_average(void*, int64_t) { return absent(); }
void underpaint_shared_free(void*) {}
}
#endif
