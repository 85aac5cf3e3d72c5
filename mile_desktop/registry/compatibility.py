"""Whether a policy fits a robot, by the description of each; an error names both sides."""

from mile_desktop.policies.config import PolicyConfig
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.robots.description import RobotDescription


def check_policy_fits(config: PolicyConfig, robot: RobotDescription) -> None:
    """Raise ``PolicyFileError`` unless the policy was made for the robot's task, observations and actions."""
    policy_side, robot_side = [], []
    # All differences are collected: a person should see every one in a single message.
    if config.scene != robot.task:
        policy_side.append(f"made for {config.scene}")
        robot_side.append(f"there for {robot.task}")
    if config.observation_size != robot.observation_size:
        policy_side.append(f"looks at {config.observation_size} values")
        robot_side.append(f"measures {robot.observation_size}")
    if config.action_size != robot.action_size:
        labels = ", ".join(robot.action_labels)
        policy_side.append(f"gives {config.action_size} action entries")
        robot_side.append(f"takes {robot.action_size} ({labels})")
    if policy_side:
        raise PolicyFileError(
            f"Policy {config.name} ({config.policy_id}) does not fit {robot.name}. The policy is: "
            f"{', '.join(policy_side)}. The robot is: {', '.join(robot_side)}. Choose a policy of {robot.task}."
        )
