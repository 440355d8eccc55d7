namespace Microservices.Primitives;

/// <summary>
/// A setting that is not right, where it is not one of options that are validated: its message names the key and says what it must be. It stops
/// the process at start, which ends with that one line.
/// </summary>
/// <param name="key">The key, with its sections: <c>ConnectionStrings:Database</c>.</param>
/// <param name="rule">What goes on after the key: "must be ..., but is ...".</param>
/// <param name="cause">What showed it, if anything did.</param>
public sealed class InvalidSettingException(string key, string rule, Exception? cause = null) : Exception($"{key} {rule}", cause);
