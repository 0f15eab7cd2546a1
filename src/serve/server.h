#pragma once

#include "digitrec/infer/predictor.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace digitrec {

struct ServeOptions {
  /// Each a checkpoint or run folder; visitors of the page choose among them. A run of several networks answers as one.
  std::vector<std::filesystem::path> models;
  PredictorOptions inference;
  int64_t workers = 1;                ///< threads that read pictures, at least 2; each holds all networks
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6; :: takes both
  uint16_t port = 7860;               ///< 0: any free port
  std::vector<std::string> hosts;     ///< names of this server that browsers use, besides localhost and IP addresses
  std::vector<std::string> origins;   ///< other sites whose pages may send requests (CORS)
  std::string root_path;              ///< what a proxy leaves before every path, such as /digits
  std::filesystem::path corrections = "corrections.csv";  ///< where misread drawings are kept
};

/// A page to draw digits on, and the API behind it (see /openapi.json), served from construction to destruction on
/// threads of its own. The destructor answers open requests.
class Server {
 public:
  /// Throws Error when a checkpoint cannot be loaded, corrections cannot be kept or the address cannot be bound.
  explicit Server(const ServeOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  /// The networks that answer for each of the models.
  const std::vector<Predictor>& models() const;
  /// Whether misread drawings of that model are kept: the file can hold its classes, and those of the first are equal.
  bool keeps_corrections(size_t model) const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace digitrec
