"""digitrec's presets as a PyTorch user would write them: the measure for parity tests and for speed."""
from torch import nn
from torch.nn import functional as F


class Mlp(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        sizes = [784, *widths, 10]
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            setattr(self, f"fc{i}", nn.Linear(a, b))
        self.depth = len(sizes) - 1

    def forward(self, x):
        x = x.flatten(1)
        for i in range(1, self.depth):
            x = F.relu(getattr(self, f"fc{i}")(x))
        return getattr(self, f"fc{self.depth}")(x)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(1600, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class CnnDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.fc1 = nn.Linear(6272, 128)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        return self.fc2(self.dropout(F.relu(self.fc1(x.flatten(1)))))


class CnnBn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.dropout1 = nn.Dropout2d(0.2)
        self.conv3, self.bn3 = nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.conv4, self.bn4 = nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.dropout2 = nn.Dropout2d(0.3)
        self.conv5, self.bn5 = nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128)
        self.dropout3 = nn.Dropout2d(0.3)
        self.fc1, self.bn6, self.dropout4 = nn.Linear(6272, 512), nn.BatchNorm1d(512), nn.Dropout(0.3)
        self.fc2, self.bn7, self.dropout5 = nn.Linear(512, 256), nn.BatchNorm1d(256), nn.Dropout(0.3)
        self.fc3 = nn.Linear(256, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.dropout1(F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2))
        x = F.relu(self.bn3(self.conv3(x)))
        x = self.dropout2(F.max_pool2d(F.relu(self.bn4(self.conv4(x))), 2))
        x = self.dropout3(F.relu(self.bn5(self.conv5(x))))
        x = self.dropout4(F.relu(self.bn6(self.fc1(x.flatten(1)))))
        x = self.dropout5(F.relu(self.bn7(self.fc2(x))))
        return self.fc3(x)


class Fast(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3), nn.BatchNorm2d(32)
        self.conv3, self.bn3 = nn.Conv2d(32, 128, 3), nn.BatchNorm2d(128)
        self.fc1 = nn.Linear(1152, 10)

    def forward(self, x):
        x = F.relu(self.bn1(F.max_pool2d(self.conv1(x), 2)))
        x = F.relu(self.bn2(F.max_pool2d(self.conv2(x), 2)))
        return self.fc1(F.relu(self.bn3(self.conv3(x))).flatten(1))


class Best(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [1, 32, 64, 96, 96, 128, 192]
        for i, (a, b) in enumerate(zip(channels, channels[1:]), 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, 3))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.dropout = nn.Dropout(0.4)
        self.fc1 = nn.Linear(192, 10)

    def forward(self, x):
        for i in range(1, 7):
            x = getattr(self, f"conv{i}")(x)
            if i in (2, 5):
                x = F.max_pool2d(x, 2)
            x = F.relu(getattr(self, f"bn{i}")(x))
        return self.fc1(self.dropout(x.flatten(1)))


PRESETS = {
    "mlp-128": lambda: Mlp(128),
    "mlp": lambda: Mlp(256, 128),
    "cnn": Cnn,
    "cnn-dropout": CnnDropout,
    "cnn-bn": CnnBn,
    "fast": Fast,
    "best": Best,
}
