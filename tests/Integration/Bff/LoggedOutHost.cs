namespace Microservices.Tests.Integration.Bff;

/// <summary>As at home: access tokens last for five minutes, so that nothing in a test ends by expiry.</summary>
public sealed class LoggedOutHost : BffHost
{
    protected override string Lifetime => "00:05:00";
}
