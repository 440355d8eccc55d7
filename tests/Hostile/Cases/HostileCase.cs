namespace Microservices.Tests.Hostile.Cases;

/// <summary>One thing that is sent. Made anew from the seed and its number, so that it can be sent again alone.</summary>
/// <param name="Kind">What kind: "unary users.v1.UsersService/GetUser".</param>
/// <param name="Input">What is sent, for whoever looks into a failure; shortened.</param>
/// <param name="SendAsync">Sends it; returns what was wrong with what came back, null when nothing was.</param>
internal sealed record HostileCase(string Kind, string Input, Func<CancellationToken, Task<string?>> SendAsync)
{
    /// <summary>Bytes as they are shown in a failure.</summary>
    public static string Show(byte[] bytes) => bytes.Length > 1_000 ? $"{Convert.ToHexString(bytes, 0, 1_000)}... ({bytes.Length} bytes)" : Convert.ToHexString(bytes);
}
