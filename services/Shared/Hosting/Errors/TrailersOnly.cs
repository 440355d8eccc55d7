using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>Answers of gRPC that are a status and nothing else, from before gRPC itself has looked at a request.</summary>
internal static class TrailersOnly
{
    /// <summary>Answers with a status.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">The status; its message is printable ASCII without a percent sign.</param>
    public static void Answer(HttpContext http, Status status)
    {
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
        http.Response.Headers["grpc-message"] = status.Message;
        if (status.Details.Count > 0)
            http.Response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray());
    }
}
