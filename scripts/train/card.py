"""model.json of the demonstration models."""

import json
import os

from data import REPLACEMENT

S2_BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
LIMITATIONS = (
    "Not for decisions. It was trained on made-up events only and shows how terrachip works; on real scenes it is "
    "wrong wherever they differ from the generator's simple physics."
)


def model_input(name, bands, units, kind, stats):
    return {
        "name": name,
        "bands": bands,
        "units": units,
        "kind": kind,
        "mean": stats["mean"],
        "std": stats["std"],
        "nodataReplacement": REPLACEMENT[name],
    }


def write_card(folder, name, task, stats, chip, training):
    flood = name == "demo-flood"
    radar = model_input("S1RTC", ["VV", "VH"], "dB", "temporal", stats["S1RTC"])
    inputs = [radar]
    if flood:
        optical = model_input("S2L2A", S2_BANDS, "dn_harmonised", "temporal", stats["S2L2A"])
        inputs = [optical, radar, model_input("DEM", ["DEM"], "m", "static", stats["DEM"])]
    card = {
        "schemaVersion": 1,
        "name": name,
        "version": "1.0.0",
        "description": (
            "Water at a flood that was not there before, from Sentinel-2, Sentinel-1 and elevation at four dates."
            if flood
            else "Water at one date, from Sentinel-1."
        ),
        "inputs": inputs,
        "phases": ["pre_month", "pre_event", "event", "post_event"] if flood else ["event"],
        "validity": (
            [
                {"input": "S1RTC", "phase": "pre_event"},
                {"input": "S1RTC", "phase": "event"},
                {"input": "DEM"},
            ]
            if flood
            else "all"
        ),
        "chip": {"size": chip, "stride": 208},
        "output": {
            "name": "logits",
            "classes": [
                {"name": "land", "colour": "#e8e2d0"},
                {"name": "flood" if flood else "water", "colour": "#1f78b4"},
            ],
        },
        "provenance": {
            "architecture": (
                "TerraMind-style: patches of each modality embedded as tokens, joint attention a phase, mean over "
                "modalities, phases concatenated, convolutional decoder with full-resolution features"
            ),
            "weights": training["weights"],
            "trainedOn": (
                f"{training['events']} made-up events of the generator in demo/event, seeds from 1000 on, "
                "parameters within TRAINING_RANGES; no real scene"
                + (
                    ""
                    if flood
                    else ". Chips of one date, under other looks, filters, wind, relief and offsets, and with floods in "
                    "parcels of fields, in whole or in part (water_chip in scripts/train/data.py)"
                )
            ),
            "threshold": (
                f"chosen on {'' if flood else 'chips of '}6 further events, seeds from 2000 on"
                f"{'' if flood else ', under the same statistics'}, and moved into the last bias; "
                f"their IoU is {training['iou']:.3f}"
            ),
            "steps": task["steps"],
            "batch": task["batch"],
            "builtBy": "scripts/train/make-data.js and scripts/train/train.py",
            "checkedBy": "npm run check:models",
        },
        "licence": "Apache-2.0",
        "limitations": LIMITATIONS,
    }
    with open(os.path.join(folder, "model.json"), "w") as file:
        file.write(json.dumps(card, indent=2) + "\n")
