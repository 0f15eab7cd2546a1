"""TensorBoard's own reader finds in our event files what metrics.csv says. tensorboard_test.py DIGITREC"""
import csv
import sys

from scratch import folder, run

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2
except ImportError:
    print("tensorboard is missing: skipped")
    sys.exit(77)

run("data", "synth", "--out", "data", "--train", "1000", "--test", "10")
run("train", "--model", "cnn", "--epochs", "3", "--lr", "0.002", "--tensorboard", "--out", "run")

events = EventAccumulator(str(folder / "run/tensorboard"), size_guidance={"histograms": 0, "images": 0})
events.Reload()
rows = list(csv.DictReader(open(folder / "run/metrics.csv")))
columns = {
    "loss/train": "train_loss",
    "loss/validation": "val_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "val_accuracy",
    "learning_rate": "lr",
    "seconds": "seconds",
    "images_per_second": "images_per_second",
}
assert set(events.Tags()["scalars"]) == set(columns)
for tag, column in columns.items():
    read = events.Scalars(tag)
    assert [event.step for event in read] == [1, 2, 3]
    for event, row in zip(read, rows):
        # metrics.csv holds six digits, the seconds to a thousandth, the images per second to one.
        allowed = {"seconds": 0.0006, "images_per_second": 0.6}.get(column, 1e-5 * float(row[column]))
        assert abs(event.value - float(row[column])) <= allowed, (tag, event.value, row[column])

histogram = events.Histograms("weights/conv1.weight")[-1].histogram_value
assert histogram.num == sum(histogram.bucket) == 32 * 9
assert histogram.bucket_limit[-1] == histogram.max
assert len(events.Histograms("weights/fc2.bias")) == 3
image = events.Images("first_layer")[-1]
assert image.encoded_image_string.startswith(b"\x89PNG") and image.width > image.height > 0

metadata = events.summary_metadata["_hparams_/session_start_info"]
hparams = plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content).session_start_info.hparams
assert hparams["lr"].number_value == 0.002
assert hparams["model"].string_value == "cnn"
end = events.summary_metadata["_hparams_/session_end_info"]
assert plugin_data_pb2.HParamsPluginData.FromString(end.plugin_data.content).session_end_info.status == 1
# A run resumed from its second epoch writes the third again, and TensorBoard drops the first one.
(folder / "run/state.safetensors").unlink()
run("train", "--resume", "run", "--tensorboard")
assert len(list((folder / "run/tensorboard").iterdir())) == 2
again = EventAccumulator(str(folder / "run/tensorboard"))
again.Reload()
assert [event.step for event in again.Scalars("loss/train")] == [1, 2, 3]
print("TensorBoard reads what metrics.csv says")
