#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace digitrec::serve {

/// A limited amount of something, such as memory, that clients take from. A client has at most half of what the others
/// leave (the dynamic thresholds of Choudhury and Hahne, 1998), so something is left for whoever comes next.
/// Thread-safe.
class Shares : public std::enable_shared_from_this<Shares> {
 public:
  explicit Shares(uint64_t amount) : amount_(amount) {}

  /// What one request of a client has taken, given back with this object.
  class Share {
   public:
    Share(std::shared_ptr<Shares> of, std::string client) : of_(std::move(of)), client_(std::move(client)) {}
    ~Share() { of_->give_back(client_, taken_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// False, and nothing is taken, when that is more than the client may have.
    bool take(uint64_t more);

   private:
    std::shared_ptr<Shares> of_;
    std::string client_;
    uint64_t taken_ = 0;
  };

  std::shared_ptr<Share> share_of(const std::string& client) {
    return std::make_shared<Share>(shared_from_this(), client);
  }

 private:
  bool take(const std::string& client, uint64_t more);
  void give_back(const std::string& client, uint64_t taken);

  uint64_t amount_;
  std::mutex mutex_;
  uint64_t taken_ = 0;
  std::map<std::string, uint64_t> of_client_;
};

}  // namespace digitrec::serve
