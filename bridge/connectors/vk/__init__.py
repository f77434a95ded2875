"""A community of VK, its messages answered by agents."""

from bridge.connectors.vk.connector import VkConnector

__all__ = ["VkConnector"]
