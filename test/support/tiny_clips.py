"""Tiny models of random weights, of each kind that pairs images with texts, saved in folders."""

import io
import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

SIZE = 16
"""Values of an embedding."""

SENTENCES = [
    "a photo of a chair and a table",
    "itap of the small red lamp",
    "the quick brown fox jumps over the lazy dog",
    "a bad photo of the cup, a good photo of the bottle",
    "art of the cat in a video game",
    "she sells sea shells by the sea shore while waiting for rain",
    "origami boxes, keyboards, and 12 screws on 3 shelves",
]
"""What the tokenizers learn from."""

TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def byte_pairs():
    """Learn CLIP's kind of byte pairs; return the vocabulary and the merges."""
    made = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        end_of_word_suffix="</w>",
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    words = [word for text in SENTENCES for word in text.split()]
    made.train_from_iterator(words, trainer)
    merges = [tuple(pair) for pair in json.loads(made.to_str())["model"]["merges"]]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{each}</w>" for each in alphabet), *map("".join, merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}, merges


def save_clip(transformers, torch, folder, seed=0, **changes):
    """Save a CLIP model whose logit scale is 50."""
    torch.manual_seed(seed)
    vocabulary, merges = byte_pairs()
    begin, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    text = TOWER | {"vocab_size": len(vocabulary), "max_position_embeddings": 20}
    text |= {"bos_token_id": begin, "eos_token_id": end, "pad_token_id": end}
    vision = TOWER | {"image_size": 32, "patch_size": 8}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=SIZE)
    model = transformers.CLIPModel(config)
    with torch.no_grad():
        model.logit_scale.fill_(3.912023)
    _stretch(torch, model)
    model.save_pretrained(folder)
    transformers.CLIPTokenizer(vocab=vocabulary, merges=merges).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    options = {"size": {"shortest_edge": 32}, "crop_size": size} | changes
    transformers.CLIPImageProcessor(**options).save_pretrained(folder)
    return folder


def save_siglip(transformers, torch, folder, seed=0):
    """Save a SigLIP model with a SentencePiece tokenizer."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(sentence_pieces())
    tokenizer = transformers.SiglipTokenizer(
        str(folder / "spiece.model"),
        model_max_length=12,
        model_input_names=["input_ids"],
    )
    tokenizer.save_pretrained(folder)
    text = TOWER | {"vocab_size": len(tokenizer), "max_position_embeddings": 12}
    text |= {"eos_token_id": 1, "bos_token_id": 0, "pad_token_id": 1, "projection_size": 32}
    vision = TOWER | {"image_size": 32, "patch_size": 8}
    model = transformers.SiglipModel(
        transformers.SiglipConfig(text_config=text, vision_config=vision)
    )
    _signed(torch, model)
    model.save_pretrained(folder)
    size = {"height": 32, "width": 32}
    transformers.SiglipImageProcessor(size=size).save_pretrained(folder)
    return folder


def save_siglip2(transformers, torch, folder, seed=0, padding_side="right"):
    """Save a SigLIP 2 model of pictures of any size (NaFlex) with Gemma's kind of tokenizer."""
    torch.manual_seed(seed)
    vocabulary, merges = gemma_pairs()
    tokenizer = transformers.Siglip2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        model_max_length=12,
        padding_side=padding_side,
        model_input_names=["input_ids"],
    )
    tokenizer.save_pretrained(folder)
    text = TOWER | {"vocab_size": len(vocabulary), "max_position_embeddings": 12}
    text |= {"eos_token_id": 1, "bos_token_id": 2, "pad_token_id": 0, "projection_size": 32}
    vision = TOWER | {"patch_size": 8, "num_patches": 16}
    model = transformers.Siglip2Model(
        transformers.Siglip2Config(text_config=text, vision_config=vision)
    )
    _signed(torch, model)
    model.save_pretrained(folder)
    transformers.Siglip2ImageProcessor(patch_size=8, max_num_patches=16).save_pretrained(folder)
    return folder


def sentence_pieces(kind="unigram"):
    """Learn a model of SentencePiece, with the special tokens of SigLIP's."""
    import sentencepiece  # noqa: PLC0415 - only where the group teachers-transformers is

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=written,
        vocab_size=200,
        hard_vocab_limit=False,
        model_type=kind,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return written.getvalue()


def gemma_pairs():
    """Learn byte pairs over text whose spaces are written as low lines, as Gemma's are."""
    made = Tokenizer(models.BPE())
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=520, special_tokens=[*special, *bytes_], show_progress=False
    )
    made.train_from_iterator([text.replace(" ", "\u2581") for text in SENTENCES], trainer)
    said = json.loads(made.to_str())["model"]
    return said["vocab"], [tuple(pair) for pair in said["merges"]]


def _stretch(torch, model):
    """Make the weights larger, so that pictures differ in their embeddings."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1:
                weight.mul_(8 if "embed" in name or "token" in name else 3)


def _signed(torch, model):
    """Give a SigLIP model the scale and bias of a trained one."""
    _stretch(torch, model)
    with torch.no_grad():
        model.logit_scale.fill_(4.765)
        model.logit_bias.fill_(-16.5)


def save_open_clip(open_clip, torch, folder, seed=0, **picture):
    """Save a CLIP model of OpenCLIP, with OpenCLIP's own tokenizer."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    architecture = {
        "embed_dim": SIZE,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }
    model = open_clip.CLIP(**architecture)
    _stretch(torch, model)
    with torch.no_grad():
        model.logit_scale.fill_(4.6052)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    prepared = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]} | picture
    described = {"model_cfg": architecture, "preprocess_cfg": prepared}
    (folder / "open_clip_config.json").write_text(json.dumps(described))
    return folder


def save_open_clip_siglip(open_clip, torch, folder, seed=0):
    """Save a SigLIP model of OpenCLIP, with a tokenizer of transformers."""
    import transformers  # noqa: PLC0415 - only where the group teachers-transformers is

    torch.manual_seed(seed)
    vocabulary, merges = gemma_pairs()
    tokenizer = transformers.Siglip2Tokenizer(
        vocab=vocabulary, merges=merges, model_max_length=12, padding_side="right"
    )
    tokenizer.save_pretrained(folder)
    architecture = {
        "embed_dim": SIZE,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8},
        "text_cfg": {
            "context_length": 12,
            "vocab_size": len(vocabulary),
            "hf_tokenizer_name": "tiny",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 32,
            "heads": 2,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    }
    described = {key: value for key, value in architecture.items() if key != "custom_text"}
    model = open_clip.CustomTextCLIP(**described)
    _stretch(torch, model)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    prepared = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": architecture, "preprocess_cfg": prepared})
    )
    return folder
