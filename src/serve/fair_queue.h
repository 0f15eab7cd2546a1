#pragma once

#include <deque>
#include <list>
#include <string>
#include <utility>

namespace digitrec::serve {

/// A queue in which clients take turns: one that has put in much does not hold up another that asks for little. Of a
/// single client, what came first goes first.
template <class T>
class FairQueue {
 public:
  bool empty() const { return turns_.empty(); }
  size_t size() const { return size_; }

  void push(const std::string& client, T item) {
    ++size_;
    for (auto& [name, items] : turns_) {
      if (name == client) return items.push_back(std::move(item));
    }
    turns_.emplace_back(client, std::deque<T>{}).second.push_back(std::move(item));
  }

  /// Of the client whose turn it is. The queue is not empty.
  T pop() {
    auto& items = turns_.front().second;
    T item = std::move(items.front());
    items.pop_front();
    --size_;
    if (items.empty()) {
      turns_.pop_front();
    } else {
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    return item;
  }

  template <class Condition>
  void erase_if(const Condition& condition) {
    for (auto turn = turns_.begin(); turn != turns_.end();) {
      size_ -= std::erase_if(turn->second, condition);
      turn = turn->second.empty() ? turns_.erase(turn) : std::next(turn);
    }
  }

 private:
  std::list<std::pair<std::string, std::deque<T>>> turns_;
  size_t size_ = 0;
};

}  // namespace digitrec::serve
