namespace Microservices.EventLog;

/// <summary>Redis is down, unreachable, or did not answer in time. Whether the call had an effect is not known.</summary>
public sealed class EventLogUnavailableException : Exception
{
    /// <summary>With a message of its own.</summary>
    public EventLogUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>With what Redis's client said.</summary>
    public EventLogUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
