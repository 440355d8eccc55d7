namespace Microservices.Gateway;

/// <summary>Until when a request may take: what the caller says, within the bounds of <see cref="GatewayOptions"/>.</summary>
internal static class Deadlines
{
    /// <summary>For a timeout the caller stated, or none.</summary>
    public static DateTime Deadline(this GatewayOptions options, TimeProvider time, TimeSpan? timeout)
    {
        var bounded = timeout ?? options.DefaultTimeout;
        return time.GetUtcNow().UtcDateTime + (bounded < options.MaxTimeout ? bounded : options.MaxTimeout);
    }

    /// <summary>For a gRPC deadline; <see cref="DateTime.MaxValue"/> is none.</summary>
    public static DateTime Deadline(this GatewayOptions options, TimeProvider time, DateTime stated)
    {
        if (stated == DateTime.MaxValue)
            return options.Deadline(time, (TimeSpan?)null);

        var latest = time.GetUtcNow().UtcDateTime + options.MaxTimeout;
        return stated < latest ? stated : latest;
    }
}
