"""Trains the demo models on the events of make-data.js, chooses their threshold on separate events, and writes
model.onnx and model.json.

    python3 train.py demo-flood DATA MODELS
    python3 train.py demo-water-s1 DATA MODELS
"""

import argparse
import os
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from card import write_card
from data import FLOOD, IGNORE, flood_chip, normalised, open_split, statistics, water_chip, window
from network import Network

CHIP = 256
TASKS = {
    "demo-flood": {
        "bands": {"S2L2A": 12, "S1RTC": 2, "DEM": 1},
        "phases": 4,
        "steps": 320,
        "batch": 4,
        "seed": 11,
        "chip": flood_chip,
    },
    "demo-water-s1": {
        "bands": {"S1RTC": 2},
        "phases": 1,
        "steps": 400,
        "batch": 6,
        "seed": 12,
        "chip": water_chip,
    },
}
LEARNING_RATE = 2.5e-3


def loss_of(logits, label):
    """Cross-entropy plus the soft Dice loss of the second class, over labelled pixels."""
    known = (label != IGNORE).float()
    entropy = F.cross_entropy(logits, label, ignore_index=IGNORE)
    probability = torch.softmax(logits, 1)[:, 1] * known
    truth = (label == 1).float()
    dice = 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    return entropy + dice


def train(task, network, events, stats, checkpoint):
    rng = np.random.default_rng(task["seed"])
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=task["steps"], pct_start=0.15)
    started, mean = time.time(), None
    for step in range(task["steps"]):
        chips = [task["chip"](rng, events, CHIP, stats) for _ in range(task["batch"])]
        inputs = [torch.stack(parts) for parts in zip(*(chip[0] for chip in chips))]
        loss = loss_of(network(*inputs), torch.stack([chip[1] for chip in chips]))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if step % 20 == 19:
            print(f"step {step + 1} of {task['steps']}, loss {mean:.3f}, {time.time() - started:.0f} s", flush=True)
        if step % 100 == 99:
            torch.save(network.state_dict(), checkpoint)


def validation_chips(name, task, events, stats):
    """demo-flood: all chips of the events. demo-water-s1: augmented chips as in training, since the events themselves
    lack other looks and partly flooded fields."""
    if name == "demo-water-s1":
        rng = np.random.default_rng(task["seed"] + 1)
        for _ in range(160):
            inputs, label = task["chip"](rng, events, CHIP, stats)
            yield inputs, label.numpy()
        return
    for event in events:
        for top in sorted({*range(0, event.height - CHIP, CHIP), event.height - CHIP}):
            for left in sorted({*range(0, event.width - CHIP, CHIP), event.width - CHIP}):
                s1, s2, dem, truth = window(event, top, left, CHIP)
                gap = s1 == -32768
                radar = normalised("S1RTC", s1.astype(np.float32) / 100, gap, stats)
                optical = normalised("S2L2A", s2.astype(np.float32), s2 == 0, stats)
                height = normalised("DEM", dem, np.isnan(dem), stats)
                yield (optical, radar, height), np.where(gap[0, 1] | gap[0, 2], IGNORE, truth[FLOOD])


def choose_threshold(name, task, network, events, stats):
    """The threshold on the logit difference with the largest IoU of the second class. Returns (IoU, threshold)."""
    network.eval()
    differences, labels = [], []
    with torch.no_grad():
        for inputs, label in validation_chips(name, task, events, stats):
            logits = network(*(x[None] for x in inputs))[0]
            known = label != IGNORE
            differences.append((logits[1] - logits[0]).numpy()[known])
            labels.append(label[known] == 1)
    difference, truth = np.concatenate(differences), np.concatenate(labels)
    best = (0.0, 0.0)
    for threshold in np.linspace(-3, 3, 61):
        mapped = difference > threshold
        iou = (mapped & truth).sum() / max(1, (mapped | truth).sum())
        best = max(best, (float(iou), float(threshold)))
    return best


def export(task, network, path):
    network.eval()
    # The exporter warns about sizes that become constants, which is intended.
    warnings.filterwarnings("ignore")
    shapes = {
        name: (1, count, CHIP, CHIP) if name == "DEM" or task["phases"] == 1 else (1, count, task["phases"], CHIP, CHIP)
        for name, count in task["bands"].items()
    }
    torch.onnx.export(
        network,
        tuple(torch.zeros(shape) for shape in shapes.values()),
        path,
        opset_version=17,
        input_names=list(shapes),
        output_names=["logits"],
        dynamic_axes={name: {0: "chip"} for name in [*shapes, "logits"]},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=TASKS)
    parser.add_argument("data")
    parser.add_argument("models")
    parser.add_argument("--resume-from", help="a checkpoint to evaluate and export without training")
    options = parser.parse_args()
    task = TASKS[options.model]
    torch.manual_seed(task["seed"])
    events = open_split(options.data, "train")
    stats = statistics(events)
    network = Network(task["bands"], task["phases"], CHIP, stats["DEM"]["std"][0])
    weights = sum(parameter.numel() for parameter in network.parameters())
    print(f"{options.model}: {weights} weights, {len(events)} events", flush=True)
    if options.resume_from:
        network.load_state_dict(torch.load(options.resume_from))
    else:
        train(task, network, events, stats, os.path.join(options.data, f"{options.model}.pt"))
    iou, threshold = choose_threshold(options.model, task, network, open_split(options.data, "threshold"), stats)
    print(f"threshold events: IoU {iou:.4f} at a logit difference of {threshold:.2f}", flush=True)
    # The threshold goes into the last bias, so that the model's threshold is a probability of 0.5.
    with torch.no_grad():
        network.head.bias += torch.tensor([threshold / 2, -threshold / 2])
    folder = os.path.join(options.models, options.model)
    os.makedirs(folder, exist_ok=True)
    export(task, network, os.path.join(folder, "model.onnx"))
    write_card(folder, options.model, task, stats, CHIP, {"weights": weights, "events": len(events), "iou": iou})


if __name__ == "__main__":
    main()
