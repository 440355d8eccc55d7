namespace Microservices.EventLog;

/// <summary>Redis is down, unreachable, or did not answer in time. Whether the call had an effect is not known.</summary>
/// <param name="message">What Redis did not do.</param>
/// <param name="cause">What Redis's client said, if anything.</param>
public sealed class EventLogUnavailableException(string message, Exception? cause = null) : Exception(message, cause);
