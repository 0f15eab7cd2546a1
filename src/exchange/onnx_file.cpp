#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "exchange/onnx_model.h"

#include <ATen/ops/empty.h>

#include <spdlog/fmt/fmt.h>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include <cstring>

namespace digitrec::onnx {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

// Field numbers of onnx.proto.
namespace field {
enum Model : uint32_t { kIr = 1, kProducer = 2, kProducerVersion = 3, kGraph = 7, kOpsetImport = 8, kMetadata = 14 };
enum Opset : uint32_t { kVersion = 2 };
enum Entry : uint32_t { kKey = 1, kText = 2 };
enum Graph : uint32_t { kNode = 1, kGraphName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
enum Node : uint32_t { kInputs = 1, kOutputs = 2, kNodeName = 3, kOpType = 4, kAttribute = 5 };
enum Attribute : uint32_t { kAttributeName = 1, kFloat = 2, kInteger = 3, kIntegers = 8, kType = 20 };
enum Tensor : uint32_t { kDims = 1, kDataType = 2, kTensorName = 8, kRawData = 9 };
enum Value : uint32_t { kValueName = 1, kValueType = 2, kDescription = 3 };
enum Type : uint32_t { kTensorType = 1 };
enum TensorType : uint32_t { kElement = 1, kShape = 2 };
enum Shape : uint32_t { kDimension = 1 };
enum Dimension : uint32_t { kSize = 1, kParameter = 2 };
}  // namespace field

constexpr int32_t kFloat32 = 1;  // TensorProto.DataType
enum AttributeType : int32_t { kIsFloat = 1, kIsInteger = 2, kIsIntegers = 7 };

struct AttributeWriter {
  pbf_writer& writer;

  void operator()(int64_t value) const {
    writer.add_int64(field::kInteger, value);
    writer.add_enum(field::kType, kIsInteger);
  }
  void operator()(float value) const {
    writer.add_float(field::kFloat, value);
    writer.add_enum(field::kType, kIsFloat);
  }
  void operator()(const std::vector<int64_t>& values) const {
    for (const int64_t value : values) writer.add_int64(field::kIntegers, value);  // proto2 does not pack them
    writer.add_enum(field::kType, kIsIntegers);
  }
};

void write_node(pbf_writer& graph, const Node& node) {
  pbf_writer writer(graph, field::kNode);
  for (const std::string& input : node.inputs) writer.add_string(field::kInputs, input);
  writer.add_string(field::kOutputs, node.output);
  writer.add_string(field::kNodeName, node.name);
  writer.add_string(field::kOpType, node.op);
  for (const auto& [name, value] : node.attributes) {
    pbf_writer attribute(writer, field::kAttribute);
    attribute.add_string(field::kAttributeName, name);
    std::visit(AttributeWriter{attribute}, value);
  }
}

void write_weight(pbf_writer& graph, const std::string& name, const at::Tensor& tensor) {
  pbf_writer writer(graph, field::kInitializer);
  for (const int64_t size : tensor.sizes()) writer.add_int64(field::kDims, size);
  writer.add_int32(field::kDataType, kFloat32);
  writer.add_string(field::kTensorName, name);
  writer.add_bytes(field::kRawData, static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
}

void write_value(pbf_writer& graph, field::Graph number, const Value& value) {
  pbf_writer writer(graph, number);
  writer.add_string(field::kValueName, value.name);
  writer.add_string(field::kDescription, value.description);
  pbf_writer type(writer, field::kValueType);
  pbf_writer tensor(type, field::kTensorType);
  tensor.add_enum(field::kElement, kFloat32);
  pbf_writer shape(tensor, field::kShape);
  pbf_writer(shape, field::kDimension).add_string(field::kParameter, "N");
  for (const int64_t size : value.sizes) pbf_writer(shape, field::kDimension).add_int64(field::kSize, size);
}

Attribute read_attribute(pbf_reader reader, std::string& name) {
  Attribute value;
  while (reader.next()) {
    switch (reader.tag()) {
      case field::kAttributeName:
        name = reader.get_string();
        break;
      case field::kFloat:
        value = reader.get_float();
        break;
      case field::kInteger:
        value = reader.get_int64();
        break;
      case field::kIntegers:
        if (!std::holds_alternative<std::vector<int64_t>>(value)) value = std::vector<int64_t>{};
        std::get<std::vector<int64_t>>(value).push_back(reader.get_int64());
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

Node read_node(pbf_reader reader) {
  Node node;
  while (reader.next()) {
    switch (reader.tag()) {
      case field::kInputs:
        node.inputs.push_back(reader.get_string());
        break;
      case field::kOutputs:
        node.output = reader.get_string();
        break;
      case field::kNodeName:
        node.name = reader.get_string();
        break;
      case field::kOpType:
        node.op = reader.get_string();
        break;
      case field::kAttribute: {
        std::string name;
        const Attribute value = read_attribute(reader.get_message(), name);
        node.attributes[name] = value;
        break;
      }
      default:
        reader.skip();
    }
  }
  return node;
}

at::Tensor read_weight(pbf_reader reader, std::string& name) {
  std::vector<int64_t> sizes;
  protozero::data_view bytes;
  while (reader.next()) {
    switch (reader.tag()) {
      case field::kDims:
        sizes.push_back(reader.get_int64());
        break;
      case field::kTensorName:
        name = reader.get_string();
        break;
      case field::kRawData:
        bytes = reader.get_view();
        break;
      default:
        reader.skip();
    }
  }
  size_t count = sizeof(float);
  for (const int64_t size : sizes) count *= static_cast<size_t>(size);
  if (count != bytes.size())
    throw Error(fmt::format("ONNX: tensor '{}' has {} bytes, not {}", name, bytes.size(), count));
  at::Tensor tensor = at::empty(sizes, at::kFloat);
  std::memcpy(tensor.data_ptr<float>(), bytes.data(), bytes.size());
  return tensor;
}

std::vector<int64_t> read_sizes(pbf_reader type) {
  std::vector<int64_t> sizes;
  if (!type.next(field::kTensorType)) return sizes;
  pbf_reader tensor = type.get_message();
  if (!tensor.next(field::kShape)) return sizes;
  pbf_reader shape = tensor.get_message();
  while (shape.next(field::kDimension)) {
    pbf_reader dimension = shape.get_message();
    if (dimension.next(field::kSize)) sizes.push_back(dimension.get_int64());
  }
  return sizes;
}

Value read_value(pbf_reader reader) {
  Value value;
  while (reader.next()) {
    switch (reader.tag()) {
      case field::kValueName:
        value.name = reader.get_string();
        break;
      case field::kValueType:
        value.sizes = read_sizes(reader.get_message());
        break;
      case field::kDescription:
        value.description = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

void read_graph(pbf_reader reader, Model& model) {
  while (reader.next()) {
    switch (reader.tag()) {
      case field::kNode:
        model.nodes.push_back(read_node(reader.get_message()));
        break;
      case field::kGraphName:
        model.name = reader.get_string();
        break;
      case field::kInitializer: {
        std::string name;
        const at::Tensor tensor = read_weight(reader.get_message(), name);
        model.weights[name] = tensor;
        break;
      }
      case field::kInput:
        model.input = read_value(reader.get_message());
        break;
      case field::kOutput:
        model.output = read_value(reader.get_message());
        break;
      default:
        reader.skip();
    }
  }
}

void read_metadata(pbf_reader entry, Model& model) {
  std::string key;
  std::string text;
  while (entry.next()) {
    switch (entry.tag()) {
      case field::kKey:
        key = entry.get_string();
        break;
      case field::kText:
        text = entry.get_string();
        break;
      default:
        entry.skip();
    }
  }
  model.metadata[key] = text;
}

}  // namespace

std::string encode(const Model& model) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_int64(field::kIr, kIrVersion);
  writer.add_string(field::kProducer, "digitrec");
  writer.add_string(field::kProducerVersion, version());
  pbf_writer(writer, field::kOpsetImport).add_int64(field::kVersion, kOpset);
  for (const auto& [key, text] : model.metadata) {
    pbf_writer entry(writer, field::kMetadata);
    entry.add_string(field::kKey, key);
    entry.add_string(field::kText, text);
  }
  pbf_writer graph(writer, field::kGraph);
  graph.add_string(field::kGraphName, model.name);
  for (const Node& node : model.nodes) write_node(graph, node);
  for (const auto& [name, tensor] : model.weights) write_weight(graph, name, tensor);
  write_value(graph, field::kInput, model.input);
  write_value(graph, field::kOutput, model.output);
  graph.commit();
  return bytes;
}

Model decode(std::string_view bytes) {
  Model model;
  try {
    pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      switch (reader.tag()) {
        case field::kGraph:
          read_graph(reader.get_message(), model);
          break;
        case field::kMetadata:
          read_metadata(reader.get_message(), model);
          break;
        default:
          reader.skip();
      }
    }
  } catch (const protozero::exception& error) {
    throw Error(fmt::format("ONNX: the file is damaged: {}", error.what()));
  }
  return model;
}

}  // namespace digitrec::onnx
