// Operations of libtorch that tch does not have, or has without what their gradients need.
#include <ATen/Functions.h>
#include <ATen/ops/_fused_adam.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <vector>
#include "guarded.h"

using at::Tensor;

extern "C" {

char* underpaint_convolution(const Tensor* x, const Tensor* weight, const Tensor* bias, const int64_t* stride,
                             const int64_t* padding, const int64_t* output_padding, bool transposed, Tensor** out) {
  return guarded([&] {
    out[0] = boxed(at::convolution(*x, *weight, maybe(bias), at::IntArrayRef(stride, 2), at::IntArrayRef(padding, 2),
                                   {1, 1}, transposed, at::IntArrayRef(output_padding, 2), 1));
  });
}

// out: gradients of x, weight and bias; those not wanted stay null.
char* underpaint_convolution_backward(const Tensor* grad, const Tensor* x, const Tensor* weight, const int64_t* stride,
                                      const int64_t* padding, const int64_t* output_padding, bool transposed,
                                      const bool* wanted, Tensor** out) {
  return guarded([&] {
    int64_t channels = weight->size(transposed ? 1 : 0);
    auto sizes = wanted[2] ? at::OptionalIntArrayRef(at::IntArrayRef(&channels, 1)) : at::OptionalIntArrayRef();
    auto [of_x, of_weight, of_bias] = at::convolution_backward(
        *grad, *x, *weight, sizes, at::IntArrayRef(stride, 2), at::IntArrayRef(padding, 2), {1, 1}, transposed,
        at::IntArrayRef(output_padding, 2), 1, {wanted[0], wanted[1], wanted[2]});
    out[0] = boxed_if(wanted[0], of_x);
    out[1] = boxed_if(wanted[1], of_weight);
    out[2] = boxed_if(wanted[2], of_bias);
  });
}

// Of the batch. out: output, mean, unbiased variance, and two that the gradient needs.
char* underpaint_batch_norm(const Tensor* x, const Tensor* weight, const Tensor* bias, double epsilon, Tensor** out) {
  return guarded([&] {
    // With a momentum of one, running statistics are the batch's.
    auto options = x->options().dtype(at::kFloat);
    auto mean = at::zeros({x->size(1)}, options), variance = at::zeros({x->size(1)}, options);
    auto [y, saved_mean, saved_inverse] =
        at::native_batch_norm(*x, maybe(weight), maybe(bias), mean, variance, true, 1.0, epsilon);
    out[0] = boxed(y);
    out[1] = boxed(mean);
    out[2] = boxed(variance);
    out[3] = boxed(saved_mean);
    out[4] = boxed(saved_inverse);
  });
}

// out: gradients of x, weight and bias; those not wanted stay null.
char* underpaint_batch_norm_backward(const Tensor* grad, const Tensor* x, const Tensor* weight, const Tensor* saved_mean,
                                     const Tensor* saved_inverse, double epsilon, const bool* wanted, Tensor** out) {
  return guarded([&] {
    auto [of_x, of_weight, of_bias] =
        at::native_batch_norm_backward(*grad, *x, maybe(weight), {}, {}, *saved_mean, *saved_inverse, true, epsilon,
                                       {wanted[0], wanted[1], wanted[2]});
    out[0] = boxed_if(wanted[0], of_x);
    out[1] = boxed_if(wanted[1], of_weight);
    out[2] = boxed_if(wanted[2], of_bias);
  });
}

// In place where `reuse`, else into a new tensor.
char* underpaint_leaky_relu(Tensor* x, double slope, bool reuse, Tensor** out) {
  return guarded([&] { out[0] = boxed(reuse ? at::leaky_relu_(*x, slope) : at::leaky_relu(*x, slope)); });
}

// From the result, whose signs are those of the input where the slope is positive.
char* underpaint_leaky_relu_backward(const Tensor* grad, const Tensor* result, double slope, Tensor** out) {
  return guarded([&] { out[0] = boxed(at::leaky_relu_backward(*grad, *result, slope, true)); });
}

// Moves `count` parameters and their moments in place; nothing where `found_inf` (one element, f32) is
// not zero.
char* underpaint_fused_adam(Tensor* const* values, Tensor* const* gradients, Tensor* const* first,
                            Tensor* const* second, int64_t count, double step, double learning_rate, double beta1,
                            double beta2, double epsilon, const Tensor* found_inf) {
  return guarded([&] {
    auto list = [&](Tensor* const* from) {
      std::vector<Tensor> tensors;
      tensors.reserve(count);
      for (int64_t i = 0; i < count; i++) tensors.push_back(*from[i]);
      return tensors;
    };
    if (count == 0) return;
    auto steps = at::full({}, step, values[0]->options().dtype(at::kFloat));
    std::vector<Tensor> all_steps(count, steps);
    auto v = list(values), g = list(gradients), m = list(first), s = list(second);
    at::_fused_adam_(v, g, m, s, {}, all_steps, learning_rate, beta1, beta2, 0.0, epsilon, false, false, {},
                     maybe(found_inf));
  });
}

// Divides gradients by `scale` in place and sets `found_inf` (one element, f32) to 1 where one is not
// finite; else leaves it.
char* underpaint_unscale(Tensor* const* gradients, int64_t count, double scale, Tensor* found_inf) {
  return guarded([&] {
    if (count == 0) return;
    std::vector<Tensor> list;
    list.reserve(count);
    for (int64_t i = 0; i < count; i++) list.push_back(*gradients[i]);
    at::_amp_foreach_non_finite_check_and_unscale_(list, *found_inf, at::full({1}, 1.0 / scale, found_inf->options()));
  });
}

// Freed memory stays with the program instead of going back to the system a step long.
void underpaint_keep_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
#endif
}

}  // extern "C"
