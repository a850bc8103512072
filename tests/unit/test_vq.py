"""The quantizer: nearest direction, decided in fp32."""

import torch
import torch.nn.functional as F

from glm_image.models.vq import SemanticQuantizer, VqConfig


@torch.inference_mode()
def test_nearest_code_is_found_in_fp32() -> None:
    # Two codes 0.3 degrees apart are one and the same in bf16 squared distances.
    quantizer = SemanticQuantizer(VqConfig(embed_dim=2, num_embeddings=64, latent_channels=2))
    angles = torch.arange(64) * (0.3 * torch.pi / 180)
    directions = torch.stack((angles.cos(), angles.sin()), dim=-1)
    quantizer.quantize.embedding.weight.copy_(directions * torch.arange(1, 65)[:, None])
    quantizer.quant_conv.weight.copy_(torch.eye(2)[..., None, None])
    quantizer.quant_conv.bias.zero_()  # type: ignore[union-attr]
    features = 7.0 * directions[None]
    assert quantizer.encode(features).tolist() == [list(range(64))]
    torch.testing.assert_close(quantizer.project(features)[0], directions)
    torch.testing.assert_close(quantizer.codes(), directions)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert quantizer.encode(features).tolist() == [list(range(64))]
    rounded = quantizer.bfloat16()
    weights = rounded.quantize.embedding.weight.float()
    expected = F.normalize(features.bfloat16().float(), dim=-1) @ F.normalize(weights, dim=-1).T
    assert rounded.encode(features.bfloat16()).equal(expected.argmax(-1))


@torch.inference_mode()
def test_decode_reads_the_direction_of_a_code() -> None:
    quantizer = SemanticQuantizer(VqConfig(embed_dim=3, num_embeddings=5, latent_channels=4))
    ids = torch.tensor([[4, 0], [1, 4]])
    features = quantizer.decode(ids)
    assert features.shape == (2, 2, 4)
    quantizer.quantize.embedding.weight.mul_(9.0)
    torch.testing.assert_close(quantizer.decode(ids), features)
    torch.testing.assert_close(features[0, 0], features[1, 1])
    vectors = quantizer.codes()[ids].permute(0, 2, 1)[..., None]
    expected = quantizer.post_quant_conv(vectors)[..., 0].transpose(1, 2)
    torch.testing.assert_close(features, expected)
