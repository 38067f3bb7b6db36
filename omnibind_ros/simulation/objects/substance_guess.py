"""Guesses the substance of a part of a model from names and colours."""

from __future__ import annotations

import re

_WORDS: tuple[tuple[str, str], ...] = (
    # Words as the models' authors use them: English, Spanish, Catalan, French, German.
    ("skin", r"skin|face|head|hands?\b|piel|eyes?\b|teeth"),
    ("leaf", r"leaf|leav|foliage|petal|flower|hoja|fulles?|feuill|plant|grass|moss|needle"),
    ("leather", r"leather|cuir|cuero|skai"),
    ("rubber", r"rubber|tyre|tire\b|pneu|goma"),
    (
        "fabric",
        r"fabric|cloth|cotton|wool|textil|tela\b|telas|tejid|sheet|pillow|cushion|blanket|"
        r"matt?res|curtain|carpet|rug\b|towel|upholster|colchon|coixi|coj[ií]n|tapiz|"
        r"tissu|linen|velvet|shirt|trouser|jeans|dress|sofa|seat|hair|fur\b|manta",
    ),
    ("glass", r"glass|vidre|vidrio|verre|crist|mirror|lens|bulb|window_?pane|espejo"),
    (
        "metal",
        r"metal|steel|chrom|iron|alumin|alu\b|brass|copper|gold|silver|inox|acer|hierro|"
        r"ferro|metall?|handle|screw|knob|tap\b|faucet|spring|wire|nickel|bronze|zinc",
    ),
    (
        "wood",
        r"wood|oak|pine\b|teak|walnut|mahogan|fusta|madera|bois|holz|roble|haya|cherry|"
        r"bamboo|wicker|rattan|trunk|bark|plank|parquet|birch|beech|ebony|maple",
    ),
    ("ceramic", r"ceramic|porcel|enamel|faience|china\b|glaz|\btiles?\b|toilet|basin|sink|bath\b"),
    ("stone", r"stone|marble|granit|concrete|brick|rock|cement|pedra|piedra|marm|clay|terra"),
    ("paper", r"paper|card\b|cardboard|book|page|label|papel|paper|poster|carton"),
    ("food", r"bread|meat|cheese|fruit|apple|cake|salad|bun\b|tomato|chicken|chocolate|food"),
    ("plastic", r"plastic|pvc|vinyl|polymer|acryl|resin|screen|display|button|cable|foam"),
)
"""By words in the names of materials and textures, the substance; the first match counts."""

_OBJECTS: tuple[tuple[str, str], ...] = (
    # By words in the object's own name, where the material's name has none of the above.
    ("metal", r"machine|appliance|grill|radiator|heater"),
    (
        "leaf",
        r"plant|tree|palm|pine\b|ficus|cactus|hedge|bush|flower|tulip|lil|yucca|maple|"
        r"bamboo|acacia|cypress|poplar|spathiphyllum|orchid|beech|blossom|bonsai",
    ),
    (
        "fabric",
        r"male|boy|girl|man\b|sofa|couch|armchair|bed\b|futon|pillow|towel|curtain|"
        r"carpet|rug|mat\b|dress|"
        r"skirt|jacket|trousers|suit\b|short|sock|cap|hat|teddy|doll|backpack|tent|"
        r"sleeping|hammock|umbrella|clothes|puff|doormat|tatami",
    ),
    ("leather", r"shoe|boot|mocassin|sneaker|slipper|handbag|briefcase|glove|suitcase"),
    ("skin", r"dog|cat\b|horse|rabbit|deer|bulldog"),
    (
        "ceramic",
        r"toilet|washbasin|sink|bath|bidet|urinal|lavatory|plate|bowl|cup|mug|vase|"
        r"teapot|pottery|vanity|jar",
    ),
    ("glass", r"glass|bottle|window|aquarium|bulb|screen\b"),
    ("paper", r"book|newspaper|calendar|cardboard|box|bill|card"),
    ("food", r"bread|hamburger|hot dog|steak|fries|cake|apples|butter|chicken|salad"),
    (
        "metal",
        r"lamp|light|oven|stove|fridge|refrigerator|washing|radiator|pan\b|kettle|fork|"
        r"spoon|knife|scissors|hammer|saw\b|tool|bicycle|bike|car\b|truck|bus\b|scooter|"
        r"motorbike|van\b|railing|fan\b|tap|faucet|cooker|furnace|toaster|locker|safe|"
        r"extinguisher|ladder|hanger|rack|pliers|screwdriver|suv|sedan|chevrolet|peugeot",
    ),
    (
        "wood",
        r"table|desk|chair|cabinet|bookcase|shel|wardrobe|door|dresser|bench|cupboard|"
        r"drawer|piano|guitar|stool|chest|crate|fence|stair|xylophone|bedside|vanity",
    ),
    ("stone", r"fireplace|chimney|fountain|rock|sidewalk|lantern|column|concrete"),
)


def infer_substance(
    material: str,
    texture: str,
    object_name: str,
    colour: tuple[float, float, float] = (0.5, 0.5, 0.5),
    opacity: float = 1.0,
    specular: float = 0.0,
) -> str:
    """Guess what a part of a model is made of.

    Authors name materials as they like, and models have no physical properties. So this is a guess:
    from words first (the material's name, then the texture's), then from colour, opacity and
    highlight, then from the object's name.

    Args:
        material: The material's name in the model.
        texture: Its texture's file name; empty if it has none.
        object_name: The object's name.
        colour: Diffuse colour, 0..1.
        opacity: 1 for opaque.
        specular: Strength of its highlight, 0..1.

    Returns:
        One of `SUBSTANCES`.
    """
    for words in (material, texture):
        for substance, pattern in _WORDS:
            if re.search(pattern, words.lower().replace("_", " ")):
                return substance
    if opacity < 0.9:
        return "glass"
    strongest, weakest = max(colour), min(colour)
    grey = strongest - weakest < 0.06 and strongest < 0.85
    if not texture and grey and specular > 0.6:
        return "metal"
    for substance, pattern in _OBJECTS:
        if re.search(pattern, object_name.lower()):
            return substance
    return "plastic"
