"""The presets: what each recipe sets beside the defaults of a configuration."""

_BEST_TRUNK = '32c5-32c5p-96c3-2r96-128c3-128c3'

# What each preset sets beside the defaults of `TrainingConfig`. Its comment
# says the command, the seconds of fit and the joint accuracy on MNIST's test
# images. docs/recipe.md has the results of each seed.
PRESETS = {
    # python scripts/train.py --preset=quick: 9 to 13 s, 99.17 %
    'quick': {
        'epochs': 1,
        'learning_rate': 0.03,
        'trunk': '16c5p-32c3p-64c3-96c3',
        'dropout': 0.0,
        'augmentation': False,
    },
    # python scripts/train.py: 325 s on two idle cores, 99.62 %
    'default': {},
    # python scripts/train.py --preset=best: 2,719 to 2,878 s on two cores,
    # 99.70 %
    'best': {
        'epochs': 112,
        'averaged_epochs': 34,
        'optimizer': 'sgd',
        'learning_rate': 0.2,
        'weight_decay': 0.002,
        'trunk': _BEST_TRUNK,
        'stochastic_depth': 0.2,
        'temperature': 1.1,
    },
    # python scripts/train.py --preset=tune --dataset=my_pictures: the shipped
    # model learns a hand, docs/adapt.md
    'tune': {
        'init': 'shipped',
        'mnist_images': 2000,
        'epochs': 2,
        'batch_size': 32,
        'learning_rate': 0.002,
        'trunk': _BEST_TRUNK,
        'freeze_trunk': True,
        'drawn_share': 0.0,
    },
}
