"""The mapping tables of ACGPN's networks: path of each layer here to its official path.

Nothing else in the package knows the official names. Depths are arguments, as the networks' are;
with the published depths the tables name every layer of the published files.
"""


def unet_names(depth: int) -> dict[str, str]:
    """Layers of `UNet`; the official numbers run down the encoder and on up the decoder."""
    names = {}
    for level in range(depth):
        names[f"encoder.{level}.first"] = f"conv{level + 1}.0"
        names[f"encoder.{level}.second"] = f"conv{level + 1}.3"
    for step in range(depth - 1):
        number = depth + 1 + step
        names[f"enlarge.{step}"] = f"up{number}.1"
        names[f"decoder.{step}.first"] = f"conv{number}.0"
        names[f"decoder.{step}.second"] = f"conv{number}.3"
    names["head"] = f"conv{2 * depth - 1}.6"
    return names


def warping_names(depth: int, halvings: int) -> dict[str, str]:
    """Layers of `ClothesWarping`; the refiner's bear no prefix officially."""
    localisation, official = "transformer.localisation", "stn.loc_net.cnn"
    names = {f"refiner.{own}": name for own, name in unet_names(depth).items()}
    for index in range(halvings):
        names[f"{localisation}.shrink.{index}"] = f"{official}.model.{3 * index}"
    for index in range(2):
        names[f"{localisation}.deepen.{index}"] = f"{official}.model.{3 * (halvings + index)}"
    names[f"{localisation}.hidden"] = f"{official}.fc1"
    names[f"{localisation}.points"] = f"{official}.fc2"
    names["transformer.spline"] = "stn.tps"
    return names


def discriminator_names(depth: int, scales: int) -> dict[str, str]:
    """Layers of `MultiScaleDiscriminator`; officially the last scale is the full resolution."""
    return {
        f"scales.{scale}.layers.{layer}": f"scale{scales - 1 - scale}_layer{layer}.0"
        for scale in range(scales)
        for layer in range(depth + 2)
    }
