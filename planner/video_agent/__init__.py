"""A video model that plays: it goes on with a recording of play, and its keys are pressed.

The last frames of real play, with a keyboard drawn on them, are continued by a video model as
any clip is; an action decoder reads off the picture what it would press; that is pressed, and
the new real frames take the place of what was imagined. Imagined is long, done is short.

    imagination   asks the model: what is shown to it, and what comes back
    decoders      overlay (one future), vote (many futures), inverse (two frames, no keyboard)
    matching      one future for each action, none of which needs a keyboard
    likeliest     the same question to a model that cannot be told an action, but judges clips
    policy        the loop: remember, imagine, decode, act
    playing       an episode with its record and its film
"""
