"""What the settings of a training are called wherever people meet them; no Qt."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettingWords:
    """A setting as people read it."""

    title: str
    meaning: str
    """One line, for a tooltip."""


_FOUND = "Found by the training"
_WORDS: dict[str, SettingWords] = {
    "method": SettingWords("Method", "What the policy learns from"),
    "mental_model": SettingWords("Mental model", "What you were taken to expect of the robot"),
    "mental_anchor": SettingWords("Mental anchor", "Weight of the policy that ran under a joint mental model"),
    "epochs": SettingWords("Epochs", "Passes over the recorded steps"),
    "batch": SettingWords("Batch", "Steps in a batch"),
    "balance": SettingWords("Weight λ", "Weight of silence and takeovers against imitating corrections"),
    "learning_rate": SettingWords("Learning rate", "Step size of the optimiser"),
    "anchor_share": SettingWords("Anchor share", "Share of each batch that comes from demonstrations"),
    "silence": SettingWords("Silence", "Weight of imitating the robot where you stayed silent; 0 as published"),
    "follow_through": SettingWords(
        "Follow-through", "Steps from where you took over that count as yours, even if the robot did them"
    ),
    "warm_up": SettingWords("Warm-up", "Share of the epochs before interventions count"),
    "schedule": SettingWords("Rate over time", "How the learning rate falls"),
    "gradient_limit": SettingWords("Gradient limit", "Longest gradient; longer ones are shortened"),
    "held_out": SettingWords("Held back", "Share of the episodes that are held back to choose the best weights"),
    "tripwire": SettingWords("Forgetting", "Growth of the error on old episodes that you are warned of"),
    "ensemble": SettingWords("Members", "Models of you behind p(intervene); 1 as published"),
    "fit_epochs": SettingWords("Their epochs", "Passes over the recorded decisions when the members are fitted"),
    "seed": SettingWords("Seed", "Same seed, same data: same policy"),
    "evaluation_episodes": SettingWords(
        "Evaluation", "Episodes: starts on which before and after are compared; 0 leaves it out"
    ),
    "cost": SettingWords("Cost c", "What stepping in costs you, in the objective"),
    "cdf_scale": SettingWords("Scale σ", "How sharply you decide to step in, in the objective"),
    "std_floor": SettingWords("Least spread", "Standard deviation of an action that the policy does not go below"),
    "std_ceiling": SettingWords("Largest spread", "Standard deviation of an action that the policy does not exceed"),
    "hidden": SettingWords("Hidden layers", "Width of each; a policy with a parent has the parent's"),
    "warm_start": SettingWords("Warm start", "Whether it began with the parent's weights"),
    "device": SettingWords("Computes on", "Processor or graphics card"),
    "threads": SettingWords("Threads", "Processor threads of the trainer"),
    "learned.best_epoch": SettingWords("Best epoch", f"{_FOUND}: the one whose weights were kept"),
    "learned.forgetting": SettingWords("Forgot", f"{_FOUND}: growth of the error on old episodes"),
    "learned.cost": SettingWords("Cost c found", f"{_FOUND}: what stepping in costs you"),
    "learned.cdf_scale": SettingWords("Scale σ found", f"{_FOUND}: how sharply you decide to step in"),
    "learned.calibrated": SettingWords("Calibrated", f"{_FOUND}: whether cost and scale fit your takeovers"),
    "learned.loss": SettingWords("Loss", f"{_FOUND}: of the weights that were kept"),
    "learned.held_out_error": SettingWords("Error held back", f"{_FOUND}: on the episodes that were held back"),
}


def words_of(name: str) -> SettingWords:
    """Return title and meaning of a setting; of one that is not known here, its name in words."""
    known = _WORDS.get(name)
    return known or SettingWords(name.rpartition(".")[2].replace("_", " ").capitalize(), "")
