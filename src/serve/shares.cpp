#include "serve/shares.h"

namespace digitrec::serve {

bool Shares::Share::take(uint64_t more) {
  if (!of_->take(client_, more)) return false;
  taken_ += more;
  return true;
}

bool Shares::take(const std::string& client, uint64_t more) {
  const std::lock_guard lock(mutex_);
  const auto found = of_client_.find(client);
  const uint64_t own = found == of_client_.end() ? 0 : found->second;
  const uint64_t left = amount_ - taken_;
  if (more > left || own + more > left - more) return false;
  taken_ += more;
  of_client_[client] += more;
  return true;
}

void Shares::give_back(const std::string& client, uint64_t taken) {
  const std::lock_guard lock(mutex_);
  taken_ -= taken;
  const auto found = of_client_.find(client);
  if (found == of_client_.end()) return;
  found->second -= taken;
  if (found->second == 0) of_client_.erase(found);
}

}  // namespace digitrec::serve
