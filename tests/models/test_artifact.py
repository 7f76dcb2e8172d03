import json
from dataclasses import replace

import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact, Card
from tests.models.rows import trained


def test_a_card_that_was_written_and_read_is_the_same_card():
    card = trained().card

    assert Card.from_json(card.to_json(), "card.json") == card
    assert Card.from_json(card.to_json(), "card.json").digest == card.digest


def test_every_changed_value_of_a_card_is_noticed():
    content = json.loads(trained().card.to_json())

    for key in content:
        changed = {**content, key: [] if content[key] != [] else ["x"]}
        with pytest.raises(ModelError, match=r"^card\.json: "):
            Card.from_json(json.dumps(changed), "card.json")


def test_a_changed_number_inside_a_card_is_told_as_a_change():
    text = trained().card.to_json()
    changed = text.replace('"rows": 600', '"rows": 601')

    with pytest.raises(ModelError) as refusal:
        Card.from_json(changed, "models/card.json")

    assert changed != text
    assert str(refusal.value) == (
        "models/card.json: the card was changed after it was written: its digest differs\n"
        "  fix: train the model again"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a model card"),
        ("[]", "not an object"),
        ("[" * 100_000, "not a model card"),
        ("{}", "format None, not 1"),
        ('{"format": 2}', "format 2, not 1"),
        ('{"format": 1}', "not a model card: model: Field required"),
    ],
    ids=["empty", "list", "nested", "no format", "newer format", "no fields"],
)
def test_what_is_no_card_of_this_format_is_refused(text, message):
    with pytest.raises(ModelError, match=message):
        Card.from_json(text, "card.json")


def test_an_artifact_cannot_be_made_of_another_text():
    artifact = trained()

    with pytest.raises(ModelError, match=r"model 'scorer' v1 trained for 2024-03-15: .* digest"):
        replace(artifact, model_text=artifact.model_text.replace("leaf_value=", "leaf_value=9", 1))


def test_an_artifact_cannot_be_made_of_a_forged_card():
    card = replace(trained().card, sha256="0" * 64)

    with pytest.raises(ModelError, match="digest"):
        Artifact(trained().model_text, card)
