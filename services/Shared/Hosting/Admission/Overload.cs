using Microservices.Hosting.Errors;

namespace Microservices.Hosting.Admission;

/// <summary>What a caller is told whose work a process does not take on.</summary>
public static class Overload
{
    private static readonly ErrorDomain Domain = new("rpc");

    /// <summary>RESOURCE_EXHAUSTED, reason OVERLOADED, with RetryInfo: try again in a second. A new one each time.</summary>
    public static Google.Rpc.Status Status => Domain.Overloaded("OVERLOADED", "The service is overloaded: try again.");
}
