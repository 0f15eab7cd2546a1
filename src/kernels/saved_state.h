// Keeps what a backward pass needs as one typed struct. Only this file counts tensors and spells a key.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cassert>
#include <tuple>
#include <utility>

namespace digitrec::kernels {

constexpr const char* kSavedStateKey = "state";

/// A struct without its tensors, which autograd keeps.
template <class State>
struct SavedStateHolder final : torch::CustomClassHolder {
  explicit SavedStateHolder(State s) : state(std::move(s)) {}
  State state;
};

/// Packs `state` into the context. `state.tensors()` is a tuple of references to all its tensors, which may be
/// undefined: autograd keeps them itself, so that it detects changes in place and no result keeps itself alive.
template <class State>
void save_state(torch::autograd::AutogradContext* context, State state) {
  assert(context != nullptr);
  torch::autograd::variable_list tensors;
  const auto move_out = [&](auto&... tensor) { (tensors.push_back(std::exchange(tensor, at::Tensor())), ...); };
  std::apply(move_out, state.tensors());
  context->save_for_backward(std::move(tensors));
  context->saved_data[kSavedStateKey] =
      c10::IValue::make_capsule(c10::make_intrusive<SavedStateHolder<State>>(std::move(state)));
}

/// Returns what save_state<State> saved.
template <class State>
State load_state(torch::autograd::AutogradContext* context) {
  assert(context != nullptr);
  const auto holder = context->saved_data.at(kSavedStateKey).toCapsule();
  assert(dynamic_cast<const SavedStateHolder<State>*>(holder.get()) != nullptr);
  State state = static_cast<const SavedStateHolder<State>&>(*holder).state;
  torch::autograd::variable_list tensors = context->get_saved_variables();
  assert(tensors.size() == std::tuple_size_v<decltype(state.tensors())>);
  auto next = tensors.begin();
  const auto move_in = [&](auto&... tensor) { ((tensor = std::move(*next++)), ...); };
  std::apply(move_in, state.tensors());
  return state;
}

}  // namespace digitrec::kernels
