"""Invented titles and abstracts for the simulated year: plausible English with numbers, formulae and acronyms."""

from random import Random

_WHAT = [
    "Speech Recognition",
    "Speaker Verification",
    "Voice Conversion",
    "Speech Enhancement",
    "Sound Event Detection",
    "Audio Captioning",
    "Music Tagging",
    "Keyword Spotting",
    "Source Separation",
    "Speech Synthesis",
    "Speech Translation",
    "Speaker Diarization",
    "Beat Tracking",
    "Audio Codecs",
    "Deepfake Detection",
    "Emotion Recognition",
    "Room Acoustics Estimation",
]
_HOW = [
    "Flow Matching",
    "Contrastive Pretraining",
    "Masked Prediction",
    "State Space Models",
    "Optimal Transport",
    "Mixture of Experts",
    "Low-Rank Adaptation",
    "Knowledge Distillation",
    "Residual Vector Quantization",
    "Graph Attention",
    "Diffusion Bridges",
    "Reinforcement Learning",
    "Retrieval Augmentation",
    "Test-Time Adaptation",
]
_WHERE = [
    "Noisy Meetings",
    "Low-Resource Languages",
    "Streaming Devices",
    "Children's Speech",
    "Far-Field Arrays",
    "Code-Switched Calls",
    "Dysarthric Speakers",
    "Underwater Recordings",
    "Classrooms",
    "Bird Colonies",
    "Broadcast Archives",
]
_QUALITY = [
    "Robust",
    "Efficient",
    "Calibrated",
    "Causal",
    "Unified",
    "Zero-Shot",
    "Interpretable",
    "Lightweight",
    "Privacy-Preserving",
]
_DATA = [
    "LibriSpeech",
    "VoxCeleb1",
    "AudioSet",
    "AISHELL-4",
    "CHiME-8",
    "MUSDB18-HQ",
    "Common Voice 17",
    "ESC-50",
    "DCASE 2025",
    "VCTK",
]
_METRIC = ["WER", "EER", "PESQ", "SI-SDR", "mAP", "MOS", "CER", "F1", "DER", "\\textit{DNSMOS}"]
_FORMULA = (
    "$\\mathcal{L}=\\lambda\\lVert x-\\hat{x}\\rVert_2^2$",
    "$O(n\\log n)$",
    "$p(y\\mid x;\\theta)$",
    "$\\alpha\\in[0,1]$",
    "$k<K$",
    "$\\approx 3\\times$",
    "$10^{-4}$",
)
_FIRST = [
    "Ana",
    "Wei",
    "Jürgen",
    "Mei",
    "Olu",
    "Priya",
    "Søren",
    "Tomáš",
    "Yuki",
    "Fatima",
    "Liam",
    "Ngọc",
    "Chloé",
    "Ivan",
    "Sara",
    "Minh",
    "Hana",
    "Diego",
]
_LAST = [
    "Zhang",
    "Müller",
    "Okafor",
    "García",
    "Nguyen",
    "Kovács",
    "Haddad",
    "Lindqvist",
    "Tanaka",
    "Rossi",
    "O'Brien",
    "de la Cruz",
    "Li",
    "Novák",
    "Iyer",
]
_OPENINGS = (
    "{what} in {where} remains brittle when training and test conditions differ.",
    "Recent systems for {what} scale well, yet their behaviour in {where} is poorly understood.",
    "We study {what} with {how} under a budget of {n} million parameters.",
    "Despite progress on {data}, {what} still degrades below {small} dB SNR.",
)
_MIDDLES = (
    "We propose {name}, which couples {how} with a loss {formula} over {n} ms frames.",
    "{name} needs no labels & trains in {small} hours on {n} GPUs.",
    "The key idea is to constrain the posterior so that {formula} holds for every frame.",
    "An ablation over {small} variants shows that {how} accounts for {pct}\\% of the gain.",
    "We release {big} hours of annotated audio (CC BY 4.0) from {where}.",
)
_CLOSINGS = (
    "On {data}, {name} improves {metric} from {a} to {b}, a relative change of {pct}\\%.",
    "Against {small} baselines {name} lowers {metric} by {pct}\\% (p < 0.0{small}) at {formula} cost.",
    "Listening tests with {n} raters prefer {name} in {pct}% of {big} trials.",
)


def title(random: Random) -> str:
    """A title; about every sixth has an acronym, every ninth a formula."""
    base = f"{random.choice(_QUALITY)} {random.choice(_WHAT)} with {random.choice(_HOW)} for {random.choice(_WHERE)}"
    if random.random() < 1 / 6:
        return f"{acronym(random)}: {base}"
    return f"{base} in {random.choice(_FORMULA)}" if random.random() < 1 / 9 else base


def abstract(random: Random) -> str:
    """Four to six sentences about one invented system."""
    name = acronym(random)
    sentences = [
        random.choice(_OPENINGS),
        *random.sample(_MIDDLES, random.randint(2, 4)),
        random.choice(_CLOSINGS),
    ]
    return " ".join(_filled(sentence, name, random) for sentence in sentences)


def authors(random: Random) -> list[str]:
    """One to six names, without doubles."""
    names = (f"{random.choice(_FIRST)} {random.choice(_LAST)}" for _ in range(random.randint(1, 6)))
    return list(dict.fromkeys(names))


def acronym(random: Random) -> str:
    return "".join(random.choice("ABCDEFGLMNOPRSTUVW") for _ in range(random.randint(3, 5))) + random.choice(
        ("Net", "-2", "", "Former", "++")
    )


def comment(random: Random) -> str | None:
    """What authors write there; None for a third of them."""
    pages = random.randint(4, 24)
    choices = (None, f"{pages} pages, {pages // 3} figures", f"Submitted to INTERSPEECH 2026; {pages} pages")
    return random.choice(choices)


def _filled(sentence: str, name: str, random: Random) -> str:
    worse = random.uniform(5, 30)
    return sentence.format(
        name=name,
        what=random.choice(_WHAT).lower(),
        how=random.choice(_HOW).lower(),
        where=random.choice(_WHERE).lower(),
        data=random.choice(_DATA),
        metric=random.choice(_METRIC),
        formula=random.choice(_FORMULA),
        n=random.randint(8, 640),
        small=random.randint(2, 9),
        big=f"{random.randint(1, 90)},{random.randint(100, 999)}",
        a=f"{worse:.2f}",
        b=f"{worse * random.uniform(0.5, 0.98):.2f}",
        pct=f"{random.uniform(1, 48):.1f}",
    )
